import assert from "node:assert/strict";
import { test } from "node:test";
import { Problem } from "../../../src/gateway/problem.ts";
import { emptyResponse } from "../../../src/gateway/responses.ts";
import type { Role, Route } from "../../../src/gateway/route.ts";
import { fallbackRoute, gatewayRoutes } from "../../../src/gateway/routes.ts";
import {
  FunctionGlobs,
  type Identity,
  ROLE_INCLUDES,
  ROLES,
  TokenIdentity,
} from "../../../src/gateway/trust/identity.ts";
import { Trust } from "../../../src/gateway/trust/mod.ts";
import { AppScene } from "../app_scene.ts";

const ROUTES = gatewayRoutes("1");

/** The routes as they are, but for what they do: answers 204 when the check lets the request through. */
const HARMLESS = ROUTES.map((route) => ({ ...route, handle: () => emptyResponse(204) }));

/** A token for each name: `ROLE`, or `ROLE:GLOB`. */
const TOKENS = {
  find(token: string): Identity | "unknown" {
    const [role, glob = "*"] = token.split(":");
    const known = ROLES.find((one) => one === role);
    if (known === undefined) return "unknown";
    return new TokenIdentity(token, [known], new FunctionGlobs([glob]));
  },
};

function scene(): AppScene {
  return new AppScene(HARMLESS, new Trust({ tokens: TOKENS, hostNames: null }));
}

async function statusOf(app: AppScene, route: Route, token?: string): Promise<number> {
  const path = route.path.replaceAll(/\{\w+\}/g, "x1");
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await app.ask(path, { method: route.method, headers });
  // What comes behind the check of roles: a parameter or body that is missing.
  return response.status === 400 || response.status === 415 ? 204 : response.status;
}

/** Roles that let a caller in, from the table itself. */
function rolesFor({ role, orRole }: Route): readonly Role[] {
  const wanted = [role, orRole].filter((one) => one !== undefined && one !== "none");
  return ROLES.filter((one) => wanted.some((need) => ROLE_INCLUDES[one].includes(need as Role)));
}

test("each route is open to its roles, and to no other and to nobody without a token", async () => {
  const app = scene();
  let checked = 0;
  for (const route of ROUTES) {
    const isOpen = route.role === "none";
    const name = `${route.method} ${route.path}`;
    assert.equal(await statusOf(app, route), isOpen ? 204 : 401, `${name} without token`);
    assert.equal(
      await statusOf(app, route, "stranger"),
      isOpen ? 204 : 401,
      `${name} unknown token`,
    );
    const roles = rolesFor(route);
    for (const role of ROLES) {
      const expected = isOpen || roles.includes(role) ? 204 : 403;
      assert.equal(await statusOf(app, route, role), expected, `${name} as ${role}`);
      checked++;
    }
  }
  assert.ok(checked > 150, `${checked} pairs`);
  assert.deepEqual(app.logged, []);
});

test("a token for some functions opens no route of another one, nor of all of them", async () => {
  const app = scene();
  for (const route of ROUTES.filter(({ role }) => role !== "none")) {
    const [role] = rolesFor(route);
    const name = `${route.method} ${route.path}`;
    const all = route.everyFunction === true || route.role === "admin";
    const bound = route.functionIn !== undefined;
    const other = await statusOf(app, route, `${role}:y*`);
    assert.equal(other, bound || all ? 403 : 204, `${name} for others`);
    const own = await statusOf(app, route, `${role}:x?`);
    assert.equal(own, all && !bound ? 403 : 204, `${name} for its own`);
  }
});

test("what changes the whole server asks for a token that is good for all functions", () => {
  // Handlers of these ask about the functions that they find behind a handle, a schedule or a worker.
  const byFunction = ["Jobs", "Schedules", "Workers"];
  const open = ROUTES.filter(({ method, role, functionIn, everyFunction, tag }) =>
    method !== "GET" && role === "operate" && functionIn === undefined && everyFunction !== true &&
    !byFunction.includes(tag)
  );
  assert.deepEqual(open.map(({ operation }) => operation), []);
});

test("changes are never open to everybody", () => {
  for (const { method, role, operation } of ROUTES) {
    if (method !== "GET") assert.notEqual(role, "none", operation);
  }
  assert.equal(fallbackRoute("sane")?.role, "submit");
  assert.equal(fallbackRoute("none"), undefined);
});

test("a refusal names the role and the function, and a token that is missing is asked for", async () => {
  const app = scene();
  const ask = (token: string) =>
    app.problem("/queues/img_1/pause", {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
    });
  const forbidden = await ask("submit");
  assert.match(String(forbidden["detail"]), /"submit" lacks the role "operate".*"img_1"/);
  assert.deepEqual([forbidden["role"], forbidden["function"]], ["operate", "img_1"]);
  const challenge = async (headers: Record<string, string>) =>
    (await app.ask("/queues", { headers })).headers.get("www-authenticate");
  assert.equal(await challenge({}), 'Bearer realm="cogd"');
  assert.equal(await challenge({ authorization: "Basic YTpi" }), 'Bearer realm="cogd"');
  const unknown = await challenge({ authorization: "Bearer nobody" });
  assert.equal(unknown, 'Bearer realm="cogd", error="invalid_token"');
});

test("roles bring others with them, globs name functions", () => {
  const identity = new TokenIdentity("t", ["operate"], new FunctionGlobs(["img_*", "m?il", "a.b"]));
  assert.deepEqual(ROLES.filter((role) => identity.allows(role)), ["inspect", "operate"]);
  const matching = (name: string) => identity.allows("inspect", name);
  assert.ok(["img_", "img_\xff\n", "mail", "mxil", "a.b"].every(matching));
  assert.ok(!["img", "Img_1", "mil", "a-b", "xmail", "mails"].some(matching));
  assert.equal(identity.allowsAll("inspect"), false);
  assert.throws(
    () => identity.require("submit", "img_1"),
    (error) => error instanceof Problem && error.type === "forbidden",
  );
  for (
    const [glob, name, fits] of [
      ["a*b*c", "aXbYbZc", true],
      ["a*b*c", "aXbYbZ", false],
      ["*", "", true],
      ["**?", "", false],
      ["*?b", "ab", true],
      ["a.*", "ab", false],
      ["a*", "", false],
      ["", "a", false],
      ["[a]", "a", false],
    ] as const
  ) {
    assert.equal(new FunctionGlobs([glob]).match(name), fits, `${glob} ${name}`);
  }
  const admin = new TokenIdentity("t", ["admin"], new FunctionGlobs(["x", "*"]));
  assert.ok(ROLES.every((role) => admin.allowsAll(role)));
});

test("no glob takes longer than its length and the name's together allow", () => {
  const begun = performance.now();
  const globs = new FunctionGlobs([`${"*a".repeat(200)}b`]);
  assert.equal(globs.match("a".repeat(511)), false);
  assert.ok(performance.now() - begun < 30_000);
});

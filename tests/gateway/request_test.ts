import assert from "node:assert/strict";
import { test } from "node:test";
import type { Call } from "../../src/gateway/call.ts";
import { jsonResponse, textResponse } from "../../src/gateway/responses.ts";
import type { Parameter, RequestBody } from "../../src/gateway/route.ts";
import { AppScene, testRoute } from "./app_scene.ts";
import { jsonOfResponse, textOfResponse } from "./response_body.ts";

const PARAMETERS: readonly Parameter[] = [
  {
    name: "priority",
    in: "query",
    headers: ["Gearman-Priority", "X-Gearman-Priority"],
    description: "",
    schema: { type: "string", enum: ["high", "low"] },
  },
  {
    name: "limit",
    in: "query",
    description: "",
    schema: { type: "integer", minimum: 1, maximum: 9 },
  },
  { name: "wait", in: "query", description: "", schema: { type: "number" } },
  { name: "force", in: "query", description: "", schema: { type: "boolean" } },
  {
    name: "unique",
    in: "query",
    headers: ["Gearman-Unique"],
    description: "",
    schema: { type: "string" },
  },
  { name: "Prefer", in: "header", description: "", schema: { type: "string" } },
];

function parameterScene(handle: (call: Call) => unknown): AppScene {
  return new AppScene([
    testRoute({
      path: "/p",
      parameters: PARAMETERS,
      handle: (call) => jsonResponse(200, handle(call) ?? null),
    }),
  ]);
}

test("parameters come from the query or their headers, by the type of their schema", async () => {
  const scene = parameterScene((call) => [
    call.text("priority"),
    call.number("limit"),
    call.number("wait"),
    call.flag("force"),
    call.bytes("unique"),
    call.text("Prefer"),
  ]);
  const got = async (query: string, headers: Record<string, string> = {}) =>
    await jsonOfResponse(await scene.ask(`/p${query}`, { headers })) as unknown;
  const none = null;
  assert.deepEqual(await got(""), [none, none, none, false, none, none]);
  assert.deepEqual(await got("?priority=high&limit=5&wait=0.5&force&unique=a+b%2B"), [
    "high",
    5,
    0.5,
    true,
    "a b+",
    none,
  ]);
  assert.deepEqual(await got("?unique=%FF&force=0"), [none, none, none, false, "\xff", none]);
  assert.deepEqual(await got("?priority=low", { "gearman-priority": "low", prefer: "wait=3" }), [
    "low",
    none,
    none,
    false,
    none,
    "wait=3",
  ]);
});

test("wrong parameters are told all at once, with what was probably meant", async () => {
  const scene = parameterScene(() => "taken");
  const errors = async (query: string, headers: Record<string, string> = {}) => {
    const problem = await scene.problem(`/p${query}`, { headers });
    assert.equal(problem["type"], "/problems/invalid-request");
    return (problem["errors"] as { pointer: string; detail: string }[]).map(
      ({ pointer, detail }) => `${pointer} ${detail}`,
    );
  };
  assert.deepEqual(await errors("?priorty=high"), [
    'priorty is no parameter of this operation (did you mean "priority"?)',
  ]);
  assert.deepEqual(await errors("?zzz=1&limit=x&force=yes&wait="), [
    "zzz is no parameter of this operation",
    "limit must be a whole number",
    "force must be true or false",
    "wait must be a number",
  ]);
  assert.match((await errors("?limit=10"))[0]!, /^limit must be at most 9$/);
  assert.match((await errors("?priority=middle"))[0]!, /^priority must be one of high, low$/);
  assert.deepEqual(await errors("?priority=high", { "x-gearman-priority": "low" }), [
    "priority was given with two values; the second in x-gearman-priority",
  ]);
  assert.deepEqual(await errors("?limit=1&limit=1"), ["limit was given twice"]);
  assert.equal((await scene.problem("/p?unique=%"))["status"], 400);
});

const BODY: RequestBody = {
  description: "A job.",
  content: {
    "application/json": {
      schema: {
        type: "object",
        properties: { name: { type: "string" }, count: { type: "integer", minimum: 1 } },
        required: ["name"],
        additionalProperties: false,
      },
    },
    "text/*": { schema: null },
  },
};

const MEANT = '/nane is not known (did you mean "name"?)';

test("a JSON body is checked by its schema, each wrong field being named", async () => {
  const scene = new AppScene([testRoute({
    method: "POST",
    path: "/b",
    body: BODY,
    handle: async (call) => jsonResponse(200, await call.json()),
  })]);
  const post = (body: string, type = "application/json; charset=utf-8") => ({
    method: "POST",
    body,
    headers: { "content-type": type },
  });
  const good = await scene.ask("/b", post('{"name":"ä","count":2}'));
  assert.deepEqual(await jsonOfResponse(good), { name: "ä", count: 2 });
  const problem = await scene.problem("/b", post('{"count":0,"nane":1}'));
  const errors = (problem["errors"] as { pointer: string; detail: string }[])
    .map(({ pointer, detail }) => `${pointer} ${detail}`);
  assert.deepEqual(
    new Set(errors),
    new Set(["/name is required", "/count must be at least 1", MEANT]),
  );
  assert.match(String(problem["detail"]), /^The body's \/\w+ /);
  for (const wrong of ["", "{", '"\xff"', "[1]"]) {
    assert.equal((await scene.problem("/b", post(wrong)))["status"], 400, wrong);
  }
  const invalidUtf8 = { ...post(""), body: Uint8Array.of(0x22, 0xff, 0x22) };
  assert.equal((await scene.problem("/b", invalidUtf8))["status"], 400);
  const form = await scene.problem("/b", post("a=b", "application/x-www-form-urlencoded"));
  assert.equal(form["type"], "/problems/unsupported-media-type");
  assert.match(String(form["detail"]), /application\/json/);
  assert.equal((await scene.problem("/b", post("plain", "text/plain")))["status"], 400);
});

test("the best accepted form is chosen", async () => {
  const scene = new AppScene([testRoute({
    path: "/a",
    handle: (call) => textResponse(200, call.accepts(["a/json", "a/html", "b/text"]) ?? "none"),
  })]);
  const chosen = async (accept: string | undefined) =>
    await textOfResponse(
      await scene.ask("/a", accept === undefined ? {} : { headers: { accept } }),
    );
  assert.equal(await chosen(undefined), "a/json");
  assert.equal(await chosen("*/*"), "a/json");
  assert.equal(await chosen("b/*, a/html;q=0.9"), "b/text");
  assert.equal(await chosen("a/*;q=0.5, a/json;q=0.1, */*;q=0.4"), "a/html");
  assert.equal(await chosen("A/HTML"), "a/html");
  assert.equal(await chosen("a/json;q=0, c/d"), "none");
  assert.equal(await chosen("*/*, a/json;q=0"), "a/html");
});

import { Validator } from "@seriousme/openapi-schema-validator";
import assert from "node:assert/strict";
import { test } from "node:test";
import { schemaErrors } from "../../src/gateway/json_schema.ts";
import { openApiDocument } from "../../src/gateway/openapi.ts";
import type { JsonSchema, Route } from "../../src/gateway/route.ts";
import { gatewayRoutes } from "../../src/gateway/routes.ts";
import { AppScene, testRoute } from "./app_scene.ts";
import { jsonOfResponse, textOfResponse } from "./response_body.ts";

const ROUTES = gatewayRoutes("1.2.3");
const DESCRIBED = ROUTES.filter(({ hidden }) => hidden !== true);

test("the description is valid OpenAPI 3.1", async () => {
  const validator = new Validator();
  const result = await validator.validate(openApiDocument(ROUTES, "1.2.3"));
  assert.deepEqual(result.errors ?? [], []);
  assert.equal(result.valid, true);
  assert.equal(validator.version, "3.1");
  const broken = { ...openApiDocument(ROUTES, "1.2.3"), paths: { "x": 1 } };
  assert.equal((await new Validator().validate(broken)).valid, false);
});

test("every route is in the description, each operation under a name of its own", () => {
  const { paths } = openApiDocument(ROUTES, "1") as {
    paths: Record<string, Record<string, { operationId: string; security: unknown }>>;
  };
  const found = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, { operationId, security }]) =>
      `${operationId} ${method.toUpperCase()} ${path} ${JSON.stringify(security)}`
    )
  );
  const wanted = DESCRIBED.map(({ operation, method, path, role, orRole }) =>
    `${operation} ${method} ${path} ${securityText(role, orRole)}`
  );
  assert.deepEqual(found.sort(), wanted.sort());
  const names = ROUTES.map(({ operation }) => operation);
  assert.deepEqual(names.filter((name, at) => names.indexOf(name) !== at), []);
});

function securityText(role: Route["role"], orRole: Route["orRole"]): string {
  const roles = [role, orRole].filter((one) => one !== undefined && one !== "none");
  return JSON.stringify(roles.map((one) => ({ token: [one] })));
}

test("no two routes take the same requests", () => {
  const shapes = ROUTES.map(({ method, path }) => `${method} ${path.replace(/\{\w+\}/g, "{}")}`);
  assert.deepEqual(shapes.filter((shape, at) => shapes.indexOf(shape) !== at), []);
  const templates = new Set(ROUTES.map(({ path }) => path));
  const bare = [...templates].map((path) => path.replace(/\{\w+\}/g, "{}"));
  assert.deepEqual(bare.filter((path, at) => bare.indexOf(path) !== at), []);
});

test("routes declare their path parameters, and functions they are bound to", () => {
  for (const { operation, path, parameters, functionIn } of ROUTES) {
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    const declared = parameters.filter((one) => one.in === "path").map(({ name }) => name);
    assert.deepEqual(declared, inPath, operation);
    if (functionIn !== undefined) assert.ok(inPath.includes(functionIn), operation);
    const names = parameters.map(({ name }) => name);
    assert.equal(new Set(names).size, names.length, operation);
  }
});

interface Example {
  readonly where: string;
  readonly schema: JsonSchema;
  readonly example: unknown;
}

function examplesOf(route: Route): Example[] {
  const contents = [
    { where: "body", content: route.body?.content },
    ...route.answers.map(({ status, content }) => ({ where: String(status), content })),
  ];
  const parameters = route.parameters.map(({ name, schema, example }) => ({
    where: name,
    schema,
    example,
  }));
  const bodies = contents.flatMap(({ where, content }) =>
    Object.entries(content ?? {}).flatMap(([mediaType, { schema, example }]) =>
      schema === null ? [] : [{ where: `${where} ${mediaType}`, schema, example }]
    )
  );
  return [...parameters, ...bodies].filter(({ example }) => example !== undefined);
}

test("every example is valid by its schema", () => {
  const examples = ROUTES.flatMap((route) =>
    examplesOf(route).map((example) => ({ route, ...example }))
  );
  assert.ok(examples.length > 10);
  for (const { route, where, schema, example } of examples) {
    assert.deepEqual(schemaErrors(schema, example), [], `${route.operation}, ${where}`);
  }
});

test("named schemas are described once and referred to", async () => {
  const named = { title: "Thing", type: "object", properties: { next: { type: "string" } } };
  const list = { type: "array", items: named };
  const routes = ["/a", "/b"].map((path) =>
    testRoute({
      path,
      answers: [{
        status: 200,
        description: "",
        content: { "application/json": { schema: list } },
      }],
      handle: () => new Response(),
    })
  );
  const document = openApiDocument(routes, "1") as {
    paths: Record<string, { get: { responses: Record<string, unknown> } }>;
    components: { schemas: Record<string, unknown> };
  };
  assert.deepEqual(document.components.schemas["Thing"], named);
  assert.match(
    JSON.stringify(document.paths["/b"]!.get.responses["200"]),
    /"items":\{"\$ref":"#\/components\/schemas\/Thing"\}/,
  );
  assert.equal((await new Validator().validate(document)).valid, true);
});

test("what one name stands for twice is refused", () => {
  const route = (path: string, type: string) =>
    testRoute({
      path,
      answers: [{
        status: 200,
        description: "",
        content: { "application/json": { schema: { title: "Thing", type } } },
      }],
      handle: () => new Response(),
    });
  const routes = [route("/a", "string"), route("/b", "number")];
  assert.throws(() => openApiDocument(routes, "1"), /two schemas are named Thing/);
});

test("the pages work without scripts and fetch nothing", async () => {
  const scene = new AppScene(ROUTES);
  for (const path of ["/", "/docs", "/problems", "/problems/queue-full"]) {
    const response = await scene.ask(path, { headers: { accept: "text/html" } });
    const text = await textOfResponse(response);
    assert.equal(response.headers.get("content-type"), "text/html; charset=utf-8", path);
    assert.match(text, /^<!doctype html>/);
    assert.match(
      response.headers.get("content-security-policy")!,
      /^default-src 'none'; style-src/,
    );
    assert.doesNotMatch(text, /<script|\ssrc=|\sstyle=|\son\w+=|<link/, path);
    assert.doesNotMatch(text, /\[object |undefined/, path);
  }
  const docs = await textOfResponse(await scene.ask("/docs"));
  for (const { operation } of DESCRIBED) assert.ok(docs.includes(`id="${operation}"`), operation);
});

test("the policy of the pages names the style that they hold", async () => {
  const response = await new AppScene(ROUTES).ask("/docs");
  const [, style] = /<style>(.*?)<\/style>/s.exec(await textOfResponse(response))!;
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(style));
  const hash = btoa(String.fromCharCode(...new Uint8Array(digest)));
  assert.ok(response.headers.get("content-security-policy")!.includes(`'sha256-${hash}'`));
});

test("every link on the pages leads somewhere", async () => {
  const scene = new AppScene(ROUTES);
  const missing: string[] = [];
  for (const page of ["/", "/docs", "/problems"]) {
    const text = await textOfResponse(await scene.ask(page, { headers: { accept: "text/html" } }));
    for (const [, target] of text.matchAll(/href="([^"]+)"/g)) {
      const [path, anchor] = target!.split("#") as [string, string?];
      if (path === "" && !text.includes(`id="${anchor}"`)) missing.push(target!);
      const known = ROUTES.some((route) => route.method === "GET" && route.path === path);
      if (path.startsWith("/problems/")) assert.equal((await scene.ask(path)).status, 200, path);
      else if (path !== "" && !known) missing.push(target!);
    }
  }
  assert.deepEqual(missing, []);
});

test("the types of problems are addresses that describe them", async () => {
  const scene = new AppScene(ROUTES);
  const { items } = await jsonOfResponse(await scene.ask("/problems")) as {
    items: { type: string }[];
  };
  assert.ok(items.length > 30);
  for (const item of items) {
    assert.deepEqual(await jsonOfResponse(await scene.ask(item.type)), item);
  }
  assert.equal((await scene.problem("/problems/none"))["type"], "/problems/not-found");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  pathSegment,
  percentDecode,
  textForHeader,
  textForJson,
} from "../../src/gateway/byte_text.ts";
import type { Call } from "../../src/gateway/call.ts";
import { Problem } from "../../src/gateway/problem.ts";
import { emptyResponse, jsonResponse, textResponse } from "../../src/gateway/responses.ts";
import type { Parameter } from "../../src/gateway/route.ts";
import { HttpError, pushedResponse } from "../../src/http/mod.ts";
import { StoreError } from "../../src/plugin_api/mod.ts";
import { AppScene, testRoute } from "./app_scene.ts";
import { jsonOfResponse, textOfResponse } from "./response_body.ts";

const NAME: Parameter = {
  name: "name",
  in: "path",
  description: "A name.",
  schema: { type: "string" },
};

function thrower(error: unknown): AppScene {
  return new AppScene([testRoute({
    path: "/x",
    handle: () => {
      throw error;
    },
  })]);
}

test("path segments are decoded once, to bytes", async () => {
  const scene = new AppScene([
    testRoute({
      path: "/jobs/{name}/result",
      parameters: [NAME],
      handle: (call) => jsonResponse(200, [...call.path("name")].map((char) => char.charCodeAt(0))),
    }),
  ]);
  const bytes = async (segment: string) =>
    await jsonOfResponse(await scene.ask(`/jobs/${segment}/result`)) as number[];
  assert.deepEqual(await bytes("a%2Fb"), [0x61, 0x2f, 0x62]);
  assert.deepEqual(await bytes("%252F"), [0x25, 0x32, 0x46]);
  assert.deepEqual(await bytes("%FF%c3%A4"), [0xff, 0xc3, 0xa4]);
  assert.deepEqual(await bytes("ä"), [0xc3, 0xa4]);
  assert.deepEqual(await bytes("H:x:1"), [..."H:x:1"].map((char) => char.charCodeAt(0)));
  assert.equal((await bytes("x".repeat(511))).length, 511);
  for (const wrong of ["%00", "a%00b", "%", "%2", "%zz", "x".repeat(512)]) {
    const problem = await scene.problem(`/jobs/${wrong}/result`);
    assert.equal(problem["type"], "/problems/invalid-request", wrong);
    assert.deepEqual((problem["errors"] as { pointer: string }[])[0]?.pointer, "name");
  }
  assert.equal((await scene.problem("/jobs//result"))["status"], 404);
});

test("unknown addresses are 404, other methods 405 with Allow, HEAD is GET without a body", async () => {
  const scene = new AppScene([
    testRoute({ path: "/jobs/{name}", parameters: [NAME], handle: () => textResponse(200, "get") }),
    testRoute({
      method: "POST",
      path: "/jobs/{name}",
      parameters: [NAME],
      handle: () => textResponse(200, "post"),
    }),
    testRoute({ method: "POST", path: "/jobs/actions", handle: () => textResponse(200, "exact") }),
  ]);
  assert.equal((await scene.problem("/nothing"))["type"], "/problems/not-found");
  assert.equal((await scene.problem("/jobs/x/"))["type"], "/problems/not-found");
  const refused = await scene.ask("/jobs/x", { method: "PUT" });
  assert.equal(refused.status, 405);
  assert.equal(refused.headers.get("allow"), "GET, POST, HEAD");
  const head = await scene.ask("/jobs/x", { method: "HEAD" });
  assert.deepEqual([head.status, head.headers.get("content-length"), await textOfResponse(head)], [
    200,
    "3",
    "",
  ]);
  assert.equal(await textOfResponse(await scene.ask("/jobs/actions", { method: "POST" })), "exact");
  assert.equal(await textOfResponse(await scene.ask("/jobs/action", { method: "POST" })), "post");
  assert.deepEqual(scene.observed.slice(0, 4), [
    "GET none 404",
    "GET none 404",
    "PUT none 405",
    "HEAD /jobs/{name} 200",
  ]);
});

test("a HEAD request ends a stream that nobody will read", async () => {
  const ended = Promise.withResolvers<void>();
  const scene = new AppScene([testRoute({
    path: "/stream",
    handle: () => new Response(new ReadableStream({ cancel: () => ended.resolve() })),
  })]);
  assert.equal((await scene.ask("/stream", { method: "HEAD" })).status, 200);
  await ended.promise;
});

test("a HEAD request ends what its handler began for a stream", async () => {
  let signal: AbortSignal | undefined;
  const scene = new AppScene([testRoute({
    path: "/events",
    handle: (call) => {
      signal = call.signal;
      return pushedResponse({}, () => ({ gone() {} }));
    },
  })]);
  assert.equal((await scene.ask("/events")).status, 200);
  assert.equal(signal?.aborted, false);
  assert.equal((await scene.ask("/events", { method: "HEAD" })).status, 200);
  assert.equal(signal?.aborted, true);
});

test("problems carry type, title, status, detail, instance and what belongs to them", async () => {
  const scene = thrower(
    new Problem("queue-full", "Too many", {
      function: "\xffa",
      handle: "H:x:1",
      retryAfter: 1.2,
      members: { limit: 7 },
      headers: { "x-test": "yes" },
    }),
  );
  const response = await scene.ask("/x");
  assert.equal(response.status, 503);
  assert.equal(response.headers.get("retry-after"), "2");
  assert.equal(response.headers.get("x-test"), "yes");
  assert.equal(response.headers.get("x-content-type-options"), "nosniff");
  assert.deepEqual(await jsonOfResponse(response), {
    type: "/problems/queue-full",
    title: "The function's queue is full",
    status: 503,
    detail: "Too many",
    instance: "/x",
    handle: "H:x:1",
    function: "%FFa",
    retry_after: 2,
    limit: 7,
  });
  assert.deepEqual(scene.logged, []);
});

test("failures of body and store have statuses of their own", async () => {
  const status = async (error: unknown) => (await thrower(error).problem("/x"))["type"];
  assert.equal(await status(new HttpError("BODY_TOO_LARGE", "x")), "/problems/payload-too-large");
  assert.equal(await status(new HttpError("BODY_TOO_SLOW", "x")), "/problems/request-timeout");
  assert.equal(await status(new StoreError("AWAY", "secret")), "/problems/store-unavailable");
  assert.equal(await status(new StoreError("TOO_LARGE", "secret")), "/problems/payload-too-large");
  const scene = thrower(new StoreError("DAMAGED", "secret path"));
  assert.doesNotMatch(JSON.stringify(await scene.problem("/x")), /secret/);
  assert.equal(scene.logged.length, 1);
});

test("a fault of the server is logged once, and tells the caller nothing but where to look", async () => {
  const scene = thrower(new Error("secret", { cause: new Error("deeper") }));
  const problem = await scene.problem("/x");
  assert.equal(problem["type"], "/problems/internal-error");
  assert.doesNotMatch(JSON.stringify(problem), /secret/);
  assert.equal(scene.logged.length, 1);
  assert.match(scene.logged[0]!, /^ERROR .*GET \/x.*secret.*deeper/s);
  assert.ok(scene.logged[0]!.includes(String(problem["id"])));
});

test("asking for a parameter that the route does not declare is such a fault", async () => {
  const scene = new AppScene([
    testRoute({ path: "/x", handle: (call) => textResponse(200, call.text("other") ?? "") }),
  ]);
  assert.equal((await scene.problem("/x"))["status"], 500);
});

test("operations on jobs wait for the store's jobs to be taken up, but not for ever", async () => {
  const scene = new AppScene([
    testRoute({ path: "/jobs", tag: "Jobs", handle: () => emptyResponse(204) }),
    testRoute({ path: "/livez", tag: "Health", handle: () => emptyResponse(204) }),
  ]);
  scene.phase = "loading";
  assert.equal((await scene.problem("/jobs"))["type"], "/problems/starting");
  assert.equal((await scene.ask("/livez")).status, 204);
  const waiting = scene.ask("/jobs");
  scene.loaded.resolve(3);
  assert.equal((await waiting).status, 204);
  scene.phase = "serving";
  assert.equal((await scene.ask("/jobs")).status, 204);
});

test("who waits is told when the caller goes and when the gateway closes", async () => {
  const waiting: Call[] = [];
  const scene = new AppScene([testRoute({
    path: "/wait",
    handle: async (call) => {
      const { signal } = call;
      waiting.push(call);
      if (!signal.aborted) await new Promise((end) => signal.addEventListener("abort", end));
      signal.throwIfAborted();
      return emptyResponse(204);
    },
  })]);
  const gone = scene.ask("/wait");
  scene.peerGone.abort();
  assert.equal((await gone).status, 400);
  scene.peerGone = new AbortController();
  const waits = scene.problem("/wait");
  scene.openCalls.close();
  assert.equal((await waits)["type"], "/problems/draining");
  assert.equal((await scene.problem("/wait"))["type"], "/problems/draining");
  assert.ok(waiting.every(({ signal }) => signal.aborted));
  assert.deepEqual(scene.logged, []);
});

test("streams are ended when the gateway closes, also those that ask for it late; calls that are over are not", async () => {
  const calls: Call[] = [];
  const scene = new AppScene([
    testRoute({
      path: "/stream",
      handle(call) {
        calls.push(call);
        assert.equal(call.signal.aborted, false);
        return pushedResponse({}, () => ({ gone() {} }));
      },
    }),
    testRoute({
      path: "/late",
      handle(call) {
        calls.push(call);
        return pushedResponse({}, () => ({ gone() {} }));
      },
    }),
    testRoute({
      path: "/over",
      handle(call) {
        calls.push(call);
        assert.equal(call.signal.aborted, false);
        return emptyResponse(204);
      },
    }),
  ]);
  for (const path of ["/stream", "/late", "/over"]) await scene.ask(path);
  const signals = calls.map(({ signal }) => signal);
  scene.openCalls.close();
  assert.deepEqual(signals.map(({ aborted }) => aborted), [true, true, false]);
});

test("a document that could run scripts is put into a sandbox", async () => {
  const scene = new AppScene([
    testRoute({ path: "/h", handle: () => textResponse(200, "<b>", "text/html") }),
    testRoute({ path: "/j", handle: () => jsonResponse(200, {}) }),
  ]);
  const policy = async (path: string) =>
    (await scene.ask(path)).headers.get("content-security-policy");
  assert.match((await policy("/h"))!, /sandbox/);
  assert.equal(await policy("/j"), null);
});

test("bytes are text for people where they are text, and come back from paths as they were", () => {
  const every = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).join("");
  assert.equal(textForJson("H:x:1 %41"), "H:x:1 %41");
  assert.equal(textForJson("\xc3\xa4"), "ä");
  assert.equal(textForJson("a\xff%"), "a%FF%25");
  assert.equal(percentDecode(pathSegment(every)), every);
  assert.equal(percentDecode(textForHeader(every)), every);
  assert.match(textForHeader(every), /^[!-~]+$/);
  assert.equal(pathSegment("H:x-1/2 ü".slice(0, 8)), "H:x-1%2F2%20");
  assert.equal(percentDecode("%4"), undefined);
});

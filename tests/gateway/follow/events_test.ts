import assert from "node:assert/strict";
import { test } from "node:test";
import { eventData, eventFrame } from "../../../src/gateway/follow/sse.ts";
import { schemaErrors } from "../../../src/gateway/json_schema.ts";
import { EVENT_DATA_SCHEMA, EVENTS_EXAMPLE } from "../../../src/gateway/follow/mod.ts";
import { turn } from "../../server/mod.ts";
import { eventsIn, FollowScene, RETAIN_MS } from "./follow_scene.ts";

test("a reader sees every step of a job, in order, and the stream ends behind the last", async () => {
  const scene = await FollowScene.start();
  const handle = scene.background("f");
  const reader = await scene.follow(`/jobs/${handle}/events`);
  assert.deepEqual(reader.names(), ["1 queued"]);
  const worker = scene.worker("f");
  worker.send("GRAB_JOB");
  worker.send("WORK_STATUS", handle, "1", "4");
  worker.send("WORK_DATA", handle, "two\nlines\r\n");
  worker.send("WORK_WARNING", handle, "\xff\x00");
  scene.clock.pass(1500);
  worker.send("WORK_COMPLETE", handle, "\xc3\xa4");
  const events = reader.take();
  assert.deepEqual(events.map(({ id, name }) => `${id} ${name}`), [
    "2 assigned",
    "3 status",
    "4 data",
    "5 warning",
    "6 complete",
  ]);
  assert.deepEqual(
    events.map(({ data }) => data),
    [
      { at: "2023-11-14T22:13:20.000Z" },
      { at: "2023-11-14T22:13:20.000Z", numerator: 1, denominator: 4 },
      { at: "2023-11-14T22:13:20.000Z", data: "two\nlines\r\n" },
      { at: "2023-11-14T22:13:20.000Z", data_base64: "/wA=" },
      { at: "2023-11-14T22:13:21.500Z", data: "\u00e4" },
    ],
  );
  for (const { data } of events) assert.deepEqual(schemaErrors(EVENT_DATA_SCHEMA, data), []);
  assert.equal(reader.ended, true);
  assert.equal(scene.waits.counts.stream, 0);
});

test("a reader that comes again goes on behind the last event it saw, in the middle of a job", async () => {
  const scene = await FollowScene.start();
  const handle = scene.background("f");
  const first = await scene.follow(`/jobs/${handle}/events`);
  const worker = scene.worker("f");
  worker.send("GRAB_JOB");
  worker.send("WORK_DATA", handle, "one");
  assert.deepEqual(first.names(), ["1 queued", "2 assigned", "3 data"]);
  first.leave();
  worker.send("WORK_DATA", handle, "two");
  worker.send("WORK_STATUS", handle, "1", "2");
  assert.equal(first.text, "", "nothing is written for a reader that is gone");
  const path = `/jobs/${handle}/events`;
  const second = await scene.follow(path, { headers: { "last-event-id": "3" } });
  assert.deepEqual(second.names(), ["4 data", "5 status"]);
  const third = await scene.follow(`${path}?after=4`);
  assert.deepEqual(third.names(), ["5 status"]);
  worker.send("WORK_COMPLETE", handle, "");
  assert.deepEqual(second.names(), ["6 complete"]);
  // The header counts: a browser repeats the query it was made with.
  const headers = { "last-event-id": "5" };
  const late = await scene.ask(`GET ${path}?after=1`, { headers });
  assert.deepEqual(eventsIn(late.text).map(({ name }) => name), ["complete"]);
  const over = await scene.ask(`GET ${path}`, { headers: { "last-event-id": "6" } });
  assert.deepEqual([over.status, over.text], [204, ""]);
  assert.equal((await scene.ask(`GET ${path}`, { headers: { "last-event-id": "x" } })).status, 400);
});

test("a job that comes back is shown as retried, with the cause", async () => {
  const scene = await FollowScene.start({ config: { maxAttempts: 2 } });
  const handle = scene.background("f");
  const reader = await scene.follow(`/jobs/${handle}/events`);
  for (let attempt = 0; attempt < 2; attempt++) {
    const worker = scene.worker("f");
    worker.send("GRAB_JOB");
    worker.hangUp();
  }
  const events = reader.take();
  assert.deepEqual(events.map(({ name, data }) => [name, data["cause"]]), [
    ["queued", undefined],
    ["assigned", undefined],
    ["retry", "worker gone"],
    ["assigned", undefined],
    ["failed", "worker lost"],
  ]);
  assert.equal(reader.ended, true);
});

test("a delayed job is queued when its time has come", async () => {
  const scene = await FollowScene.start();
  const notBefore = scene.clock.now() / 1000 + 30;
  const handle = scene.background("f", "x", { notBefore });
  const reader = await scene.follow(`/jobs/${handle}/events`);
  assert.deepEqual(reader.names(), []);
  scene.clock.pass(29_000);
  assert.deepEqual(reader.names(), []);
  scene.clock.pass(1_000);
  assert.deepEqual(reader.take().map(({ name, data }) => [name, data["at"]]), [
    ["queued", new Date(notBefore * 1000).toISOString()],
  ]);
});

test("failures, exceptions and cancellations end a stream each in their way", async () => {
  const scene = await FollowScene.start();
  const worker = scene.worker("f");
  const endOf = async (finish: (handle: string) => void) => {
    const handle = scene.background("f");
    const reader = await scene.follow(`/jobs/${handle}/events`);
    finish(handle);
    assert.equal(reader.ended, true);
    const { name, data } = reader.take().at(-1)!;
    return [name, data["cause"], data["data"]];
  };
  assert.deepEqual(
    await endOf((handle) => {
      worker.send("GRAB_JOB");
      worker.send("WORK_FAIL", handle);
    }),
    ["failed", "fail", undefined],
  );
  assert.deepEqual(
    await endOf((handle) => {
      worker.send("GRAB_JOB");
      worker.send("WORK_EXCEPTION", handle, "boom");
    }),
    ["exception", undefined, "boom"],
  );
  assert.deepEqual(
    await endOf((handle) => scene.server.act((jobServer) => jobServer.cancel(handle))),
    ["cancelled", "cancelled", undefined],
  );
});

test("events before the head of the response are sent behind it; a reader that left then is forgotten", async () => {
  const scene = await FollowScene.start();
  const handle = scene.background("f");
  const worker = scene.worker("f");
  const gone = new AbortController();
  await scene.respond(`GET /jobs/${handle}/events`, { signal: gone.signal });
  assert.equal(scene.waits.counts.stream, 1);
  worker.send("GRAB_JOB");
  gone.abort();
  assert.equal(scene.waits.counts.stream, 0);
  const aborted = AbortSignal.abort();
  await scene.respond(`GET /jobs/${handle}/events`, { signal: aborted });
  assert.equal(scene.waits.counts.stream, 0);
  // HEAD has nobody who would read.
  assert.equal((await scene.respond(`HEAD /jobs/${handle}/events`)).status, 200);
  assert.equal(scene.waits.counts.stream, 0);
  const reader = await scene.follow(`/jobs/${handle}/events`);
  assert.deepEqual(reader.names(), ["1 queued", "2 assigned"]);
});

test("quiet streams get a comment every 15 seconds, by one timer for all", async () => {
  const scene = await FollowScene.start();
  const handle = scene.background("f");
  const before = scene.clock.timers;
  const readers = await Promise.all(
    Array.from({ length: 20 }, () => scene.follow(`/jobs/${handle}/events`)),
  );
  assert.equal(scene.clock.timers, before + 1);
  for (const reader of readers) reader.take();
  for (let round = 0; round < 3; round++) {
    scene.clock.pass(7_500);
    const written = readers.filter(({ text }) => text !== "").length;
    assert.ok(written > 5 && written < 20, "not all at the same moment");
    scene.clock.pass(7_500);
    for (const reader of readers) assert.equal(reader.takeText(), ":\n\n");
  }
  for (const reader of readers) reader.leave();
  assert.equal(scene.clock.timers, before, "the timer ends with the last stream");
});

test("streams are counted and bounded", async () => {
  const scene = await FollowScene.start({ mostWaits: 2 });
  const handle = scene.background("f");
  const path = `/jobs/${handle}/events`;
  const readers = [await scene.follow(path), await scene.follow(path)];
  const refused = await scene.ask(`GET ${path}`);
  assert.equal(refused.status, 429);
  assert.equal(refused.json["type"], "/problems/too-many-requests");
  readers[0]!.leave();
  readers[0]!.leave();
  assert.equal(scene.waits.counts.stream, 1);
  await scene.follow(path);
  assert.equal((await scene.ask(`GET ${path}`)).status, 429);
});

test("the last 64 events and 64 KiB of a job are kept; a reader is told of the gap", async () => {
  const scene = await FollowScene.start();
  const handle = scene.background("f");
  const worker = scene.worker("f");
  worker.send("GRAB_JOB");
  for (let at = 1; at <= 100; at++) worker.send("WORK_STATUS", handle, String(at), "100");
  const path = `/jobs/${handle}/events`;
  const reader = await scene.follow(path, { headers: { "last-event-id": "2" } });
  const text = reader.takeText();
  assert.match(text, /^: events in between are no longer kept\n\nid: 39\nevent: status\n/);
  assert.equal(eventsIn(text).length, 64);
  worker.send("WORK_DATA", handle, "x".repeat(65_536));
  worker.send("WORK_DATA", handle, "y".repeat(65_537));
  const live = reader.take().map(({ data }) => String(data["data"]).length);
  assert.deepEqual(live, [65_536, 65_537], "a reader that is there gets all");
  const late = await scene.follow(path, { headers: { "last-event-id": "102" } });
  assert.deepEqual(late.take().map(({ data }) => data["dropped_bytes"] ?? data["data"]), [
    "x".repeat(65_536),
    65_537,
  ]);
});

test("events of all jobs together are bounded: those of jobs that are over go first", async () => {
  const scene = await FollowScene.start({ bounds: { bytes: 12_000 } });
  const worker = scene.worker("f");
  const followed = scene.background("f");
  const reader = await scene.follow(`/jobs/${followed}/events`);
  worker.send("GRAB_JOB");
  const over: string[] = [];
  for (let at = 0; at < 50; at++) {
    over.push(scene.background("f"));
    worker.send("GRAB_JOB");
    worker.send("WORK_COMPLETE", over.at(-1)!, "");
    assert.ok(scene.events.bytes <= 12_000, `${scene.events.bytes} bytes`);
  }
  assert.deepEqual(scene.events.past(over[0]!, 0), []);
  assert.equal(scene.events.past(over.at(-1)!, 0).length, 3);
  // Running jobs' events go only then, and a reader that is there misses nothing.
  const running: string[] = [];
  for (let at = 0; at < 50; at++) {
    running.push(scene.background("f"));
    worker.send("GRAB_JOB");
  }
  assert.deepEqual(scene.events.past(over.at(-1)!, 0), []);
  worker.send("WORK_DATA", followed, "still here");
  worker.send("WORK_COMPLETE", followed, "");
  assert.deepEqual(reader.names(), ["1 queued", "2 assigned", "3 data", "4 complete"]);
  // Events that were forgotten are never told again under a lower id.
  scene.clock.pass(1000);
  worker.send("WORK_STATUS", running[0]!, "1", "2");
  const again = await scene.follow(`/jobs/${running[0]}/events`, {
    headers: { "last-event-id": "2" },
  });
  const ids = again.take().map(({ id, name }) => [id > 2, name]);
  assert.deepEqual(ids, [[true, "queued"], [true, "assigned"], [true, "status"]]);
});

test("jobs of the binary port are followed from when somebody asks, and no longer than needed", async () => {
  const scene = await FollowScene.start();
  const client = scene.connect();
  const worker = scene.worker("f");
  client.send("SUBMIT_JOB", "f", "", "x");
  client.send("SUBMIT_JOB", "f", "", "y");
  worker.send("GRAB_JOB");
  const reader = await scene.follow("/jobs/H:t:1/events");
  assert.deepEqual(reader.names(), ["1 queued", "2 assigned"]);
  worker.send("WORK_COMPLETE", "H:t:1", "done");
  assert.deepEqual(reader.take().map(({ data }) => data["data"]), ["done"]);
  assert.equal(scene.events.past("H:t:1", 0).length, 3);
  scene.clock.pass(60_000);
  assert.deepEqual(scene.events.past("H:t:1", 0), []);
  worker.send("GRAB_JOB");
  worker.send("WORK_COMPLETE", "H:t:2", "");
  assert.deepEqual(scene.events.past("H:t:2", 0), [], "nobody followed it");
  const problem = await scene.ask("GET /jobs/H:t:1/events");
  assert.deepEqual([problem.status, problem.json["type"]], [410, "/problems/job-expired"]);
});

test("events go with the outcome; what is left is the end", async () => {
  const scene = await FollowScene.start();
  const worker = scene.worker("f");
  const handle = scene.background("f", "x", {
    extras: {
      retainMs: 0,
      idempotency: {
        keyHash: "a".repeat(64),
        fingerprint: "b".repeat(64),
        expiresAt: scene.clock.now() + 2 * RETAIN_MS,
      },
    },
  });
  worker.send("GRAB_JOB");
  scene.clock.pass(10);
  worker.send("WORK_COMPLETE", handle, "the result");
  await turn();
  const path = `/jobs/${handle}/events`;
  const known = eventsIn((await scene.ask(`GET ${path}`)).text);
  assert.deepEqual(known.map(({ name, data }) => [name, data["data"]]), [[
    "complete",
    "the result",
  ]]);
  const headers = { "last-event-id": String(known[0]!.id) };
  assert.equal((await scene.ask(`GET ${path}`, { headers })).status, 204);
  assert.equal((await scene.ask(`GET ${path}`, { headers: { "last-event-id": "3" } })).status, 200);
});

test("a cancelled job that is still listed has an end, again and again the same", async () => {
  const scene = await FollowScene.start();
  const client = scene.connect();
  for (const data of ["x", "y", "z"]) client.send("SUBMIT_JOB_BG", "f", "", data);
  scene.server.act((jobServer) => jobServer.cancel("H:t:1"));
  const [event] = eventsIn((await scene.ask("GET /jobs/H:t:1/events")).text);
  assert.deepEqual([event!.name, event!.data["cause"]], ["cancelled", "cancelled"]);
  const headers = { "last-event-id": String(event!.id) };
  assert.equal((await scene.ask("GET /jobs/H:t:1/events", { headers })).status, 204);
});

test("a wait for a job's end takes no timer of its own", async () => {
  const scene = await FollowScene.start();
  const handle = scene.background("f", "x", { extras: null });
  const job = scene.job(handle);
  const before = scene.clock.timers;
  const answers: boolean[] = [];
  const waitFor = async (ms: number, signal = new AbortController().signal) => {
    answers.push(await scene.events.untilEnded(job, ms, signal));
  };
  const gone = new AbortController();
  for (let at = 0; at < 100; at++) void waitFor(1000 + at * 10);
  void waitFor(50_000, gone.signal);
  for (let at = 0; at < 10; at++) void waitFor(60_000);
  assert.equal(scene.clock.timers, before + 1);
  scene.clock.pass(1500);
  await turn();
  assert.equal(answers.length, 51);
  scene.clock.pass(600);
  await turn();
  assert.deepEqual(new Set(answers), new Set([false]));
  assert.equal(answers.length, 100);
  gone.abort();
  await turn();
  assert.equal(answers.length, 101);
  const worker = scene.worker("f");
  worker.send("GRAB_JOB");
  worker.send("WORK_FAIL", handle);
  await turn();
  assert.deepEqual(answers.slice(100), [false, ...Array.from({ length: 10 }, () => true)]);
  assert.equal(scene.clock.timers, before, "no timer is left when nobody waits");
  await waitFor(1000);
  assert.equal(answers.at(-1), true);
});

test("an event is one line of JSON, whatever its bytes are", () => {
  const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  const binary = eventData({ id: 1, name: "data", at: 0, bytes: all });
  assert.deepEqual(
    Uint8Array.from(atob(binary["data_base64"] as string), (c) => c.charCodeAt(0)),
    all,
  );
  for (const text of ["", "\n", "\r\n\r\n", "\u2028", "\ufeffx", "id: 9\n\nevent: x", '"\\']) {
    const bytes = new TextEncoder().encode(text);
    const frame = new TextDecoder().decode(eventFrame({ id: 7, name: "data", at: 0, bytes }));
    assert.equal(frame.split("\n").length, 5);
    const [event] = eventsIn(frame);
    assert.equal(event!.data["data"], text);
  }
  assert.deepEqual(eventsIn(EVENTS_EXAMPLE).map(({ id }) => id), [1, 2, 3, 4]);
});

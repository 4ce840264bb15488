/** Outcomes of ended jobs in memory: what they hold, and their bounds. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Limits } from "../../src/core/mod.ts";
import { encodeText } from "../../src/protocol/mod.ts";
import { submitHttp } from "./http_job.ts";
import { allOutcomes, workerWithJob } from "./outcome_reading.ts";
import { startFixture } from "./server_fixture.ts";

test("an outcome joins the pieces of the result, and tells how and when the job ended", async () => {
  const fixture = await startFixture();
  const { server, clock } = fixture;
  submitHttp(server, { unique: "u" });
  const acceptedAt = clock.now();
  clock.pass(1000);
  const worker = workerWithJob(fixture);
  clock.pass(2000);
  worker.send("WORK_DATA", "H:t:1", "one ");
  worker.send("WORK_WARNING", "H:t:1", "not a part");
  worker.send("WORK_DATA", "H:t:1", "two ");
  worker.send("WORK_COMPLETE", "H:t:1", "three");
  const outcome = server.outcomes.find("H:t:1")!;
  assert.deepEqual(outcome, {
    key: 1,
    handle: "H:t:1",
    functionName: "f",
    unique: "u",
    payloadBytes: 4,
    priority: 1,
    end: "complete",
    acceptedAt,
    assignedAt: acceptedAt + 1000,
    finishedAt: acceptedAt + 3000,
    expiresAt: acceptedAt + 3000 + 3_600_000,
    attempts: 1,
    result: encodeText("one two three"),
    resultDropped: false,
  });
  await server.stop();
});

test("every end has its outcome, and a job that comes back begins its result anew", async () => {
  const fixture = await startFixture();
  const { server, connect } = fixture;
  for (const load of ["1", "2", "3", "4"]) submitHttp(server, { workload: load });
  const first = workerWithJob(fixture);
  first.send("WORK_DATA", "H:t:1", "lost");
  first.hangUp();
  const worker = connect();
  worker.send("CAN_DO", "f");
  for (let i = 0; i < 3; i++) worker.send("GRAB_JOB");
  worker.send("WORK_DATA", "H:t:2", "a piece");
  worker.send("WORK_FAIL", "H:t:2");
  worker.send("WORK_EXCEPTION", "H:t:3", "why");
  server.act((jobServer) => jobServer.cancel("H:t:4"));
  worker.send("WORK_COMPLETE", "H:t:4", "too late");
  worker.send("GRAB_JOB");
  worker.send("WORK_COMPLETE", "H:t:1", "kept");
  assert.deepEqual(allOutcomes(server), [
    'H:t:1 complete 2 "kept"',
    'H:t:4 cancelled 1 ""',
    'H:t:3 exception 1 "why"',
    'H:t:2 fail 1 ""',
  ]);
  await server.stop();
});

test("jobs of the binary port, and those that ask for nothing, leave no outcome", async () => {
  const fixture = await startFixture();
  const { server, connect } = fixture;
  connect().send("SUBMIT_JOB_BG", "f", "", "x");
  submitHttp(server, { retainMs: 0 });
  const worker = workerWithJob(fixture);
  worker.send("GRAB_JOB");
  worker.send("WORK_COMPLETE", "H:t:1", "x");
  worker.send("WORK_COMPLETE", "H:t:2", "x");
  assert.equal(server.outcomes.size, 0);
  assert.equal(server.outcomes.find("H:t:1"), undefined);
  const handles = ["H:t:1", "H:t:2", "H:t:3", "H:t:0", "H:t:01", "H:t:", "H:other:1", "H:t:1x"];
  assert.deepEqual(handles.filter((handle) => server.outcomes.wasMinted(handle)), [
    "H:t:1",
    "H:t:2",
  ]);
  await server.stop();
});

test("with nobody to show steps to, the core is not asked to", async () => {
  const { server } = await startFixture();
  assert.equal(server.jobServer.witness, null);
  const seen: string[] = [];
  const ignore = () => {};
  const end = server.watch({
    submitted: (job) => seen.push(job.handle),
    refused: ignore,
    queued: ignore,
    assigned: ignore,
    returned: ignore,
    reported: ignore,
    ended: ignore,
  });
  submitHttp(server);
  end();
  submitHttp(server);
  assert.deepEqual(seen, ["H:t:1"]);
  assert.notEqual(server.jobServer.witness, null, "outcomes are still kept");
  await server.stop();
});

const TIGHT: { name: string; limits: Partial<Limits>; results: string[]; kept: string[] }[] = [
  {
    name: "count",
    limits: { maxOutcomes: 2 },
    results: ["1", "2", "3"],
    kept: ['H:t:3 complete 1 "3"', 'H:t:2 complete 1 "2"'],
  },
  {
    name: "bytes of all results",
    limits: { maxOutcomeBytes: 5 },
    results: ["12", "34", "567"],
    kept: ['H:t:3 complete 1 "567"', 'H:t:2 complete 1 "34"'],
  },
  {
    name: "bytes of one result",
    limits: { maxResultBytes: 3 },
    results: ["123", "1234"],
    kept: ['H:t:2 complete 1 "" dropped', 'H:t:1 complete 1 "123"'],
  },
];
for (const { name, limits, results, kept } of TIGHT) {
  test(`outcomes are bounded by ${name}: the oldest go first`, async () => {
    const fixture = await startFixture({ limits });
    const { server } = fixture;
    results.forEach(() => submitHttp(server));
    const worker = workerWithJob(fixture);
    results.forEach((result, i) => {
      worker.send("WORK_COMPLETE", `H:t:${i + 1}`, result);
      worker.send("GRAB_JOB");
    });
    assert.deepEqual(allOutcomes(server), kept);
    await server.stop();
  });
}

test("results that come in pieces are bounded while they come", async () => {
  const fixture = await startFixture({ limits: { maxResultBytes: 6, maxOutcomeBytes: 8 } });
  const { server } = fixture;
  for (const load of ["1", "2", "3"]) submitHttp(server, { workload: load });
  const worker = workerWithJob(fixture);
  worker.send("GRAB_JOB");
  worker.send("GRAB_JOB");
  for (const handle of ["H:t:1", "H:t:1", "H:t:2", "H:t:3", "H:t:2"]) {
    worker.send("WORK_DATA", handle, "abc");
  }
  for (const handle of ["H:t:1", "H:t:2", "H:t:3"]) worker.send("WORK_COMPLETE", handle, "");
  assert.deepEqual(allOutcomes(server), [
    'H:t:3 complete 1 "" dropped',
    'H:t:2 complete 1 "" dropped',
    'H:t:1 complete 1 "abcabc"',
  ]);
  await server.stop();
});

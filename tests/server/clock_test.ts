/** The machine's clock is set while the server runs. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { turn } from "./scripted_store.ts";
import { type Fixture, startFixture } from "./server_fixture.ts";

const HOUR = 3_600_000;

/** A worker with a time-out of two seconds holds a job, another one sleeps; something else is due after one second. */
async function runningJob(): Promise<Fixture & { wakes: () => Promise<boolean> }> {
  const fixture = await startFixture();
  const [client, worker, other] = [fixture.connect(), fixture.connect(), fixture.connect()];
  client.send("SUBMIT_JOB_BG", "f", "", "x");
  worker.send("CAN_DO_TIMEOUT", "f", "2000");
  worker.send("GRAB_JOB");
  other.send("CAN_DO", "f");
  other.send("PRE_SLEEP");
  const quick = fixture.connect();
  client.send("SUBMIT_JOB_BG", "h", "", "x");
  quick.send("CAN_DO_TIMEOUT", "h", "1000");
  quick.send("GRAB_JOB");
  await turn();
  assert.deepEqual(other.take(), []);
  const wakes = async () => {
    await turn();
    return other.take().includes("NOOP");
  };
  return { ...fixture, wakes };
}

for (const [how, by] of [["ahead", HOUR], ["back", -HOUR]] as const) {
  test(`a job may run as long as before when the clock is set ${how}`, async () => {
    const { clock, wakes, log, connect } = await runningJob();
    clock.pass(900);
    clock.set(by);
    clock.pass(100);
    assert.equal(await wakes(), false);
    clock.pass(800);
    assert.equal(await wakes(), false);
    assert.deepEqual(log.filter((line) => line.includes("clock")), [
      `NOTICE The clock was set by ${by / 1000} s`,
    ]);
    // What begins after that is due by the new clock.
    const [client, worker] = [connect(), connect()];
    client.send("SUBMIT_JOB_BG", "g", "", "x");
    worker.send("CAN_DO_TIMEOUT", "g", "1000");
    worker.send("GRAB_JOB");
    clock.pass(200);
    assert.equal(await wakes(), true);
    clock.pass(800);
    await turn();
    client.sendText("status\n");
    await turn();
    const listed = client.take().slice(1).sort();
    assert.deepEqual(listed, [".", "f\t1\t0\t2", "g\t1\t0\t1", "h\t1\t0\t1"]);
  });

  test(`a NOOP is repeated when its time is over, though the clock was set ${how}`, async () => {
    const { clock, connect } = await startFixture();
    const [client, worker] = [connect(), connect()];
    worker.send("CAN_DO", "f");
    worker.send("PRE_SLEEP");
    client.send("SUBMIT_JOB_BG", "f", "", "x");
    await turn();
    assert.deepEqual(worker.take(), ["NOOP"]);
    clock.set(by);
    clock.pass(9900);
    await turn();
    assert.deepEqual(worker.take(), []);
    clock.pass(100);
    await turn();
    assert.deepEqual(worker.take(), ["NOOP"]);
  });
}

test("a delayed job follows the clock, within a second", async () => {
  const { clock, connect } = await startFixture();
  const [client, worker] = [connect(), connect()];
  worker.send("CAN_DO", "f");
  worker.send("PRE_SLEEP");
  client.send("SUBMIT_JOB_EPOCH", "f", "", `${clock.now() / 1000 + 1800}`, "x");
  await turn();
  clock.pass(60_000);
  await turn();
  assert.deepEqual(worker.take(), []);
  clock.set(HOUR);
  clock.pass(1000);
  await turn();
  assert.deepEqual(worker.take(), ["NOOP"]);
});

test("a delayed job waits longer when the clock is set back", async () => {
  const { clock, connect } = await startFixture();
  const [client, worker] = [connect(), connect()];
  worker.send("CAN_DO", "f");
  worker.send("PRE_SLEEP");
  client.send("SUBMIT_JOB_EPOCH", "f", "", `${clock.now() / 1000 + 10}`, "x");
  await turn();
  clock.set(-HOUR);
  clock.pass(HOUR);
  await turn();
  assert.deepEqual(worker.take(), []);
  clock.pass(10_000);
  await turn();
  assert.deepEqual(worker.take(), ["NOOP"]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { backOffMs, SteadySession, StoreError } from "../../src/plugin_api/mod.ts";
import {
  DriverError,
  ManualClock,
  type ScriptedConnection,
  ScriptedDriver,
  settle,
} from "./scripted_driver.ts";

const WRITE = { action: "write to", deadlineMs: 10_000, writes: true };
const READ = { action: "read", deadlineMs: 10_000, writes: false };
const LOST = new DriverError("connection reset", true);

async function opened() {
  const driver = new ScriptedDriver();
  const clock = new ManualClock();
  const log: string[] = [];
  const session = new SteadySession(driver, {
    clock,
    secrets: ["hunter2"],
    log: (level, text) => log.push(`${level} ${text}`),
  });
  await session.open();
  return { driver, clock, log, session };
}

/** How a promise ended: its value, or `CODE: message` of a StoreError. */
function outcome(promise: Promise<unknown>): { text: string } {
  const seen = { text: "pending" };
  promise.then((value) => seen.text = String(value), (error) => {
    seen.text = error instanceof StoreError ? `${error.code}: ${error.message}` : String(error);
  });
  return seen;
}

const numberOf = (connection: ScriptedConnection) => Promise.resolve(connection.number);
const fails = (error: Error) => () => Promise.reject(error);
const hangs = () => new Promise<never>(() => {});

test("pauses double from 50 ms to 2 s, of which a random half is left out", () => {
  const whole = [1, 2, 3, 6, 7, 50].map((failures) => backOffMs(failures, () => 1));
  assert.deepEqual(whole, [50, 100, 200, 1600, 2000, 2000]);
  assert.deepEqual([1, 7].map((failures) => backOffMs(failures, () => 0)), [25, 1000]);
});

test("operations use one session, one after the other", async () => {
  const { driver, session } = await opened();
  const order: string[] = [];
  const work = (name: string) => async () => {
    order.push(`${name} begins`);
    await settle();
    order.push(`${name} ends`);
  };
  await Promise.all([session.run(WRITE, work("a")), session.run(READ, work("b"))]);
  assert.deepEqual(order, ["a begins", "a ends", "b begins", "b ends"]);
  assert.equal(driver.connections.length, 1);
});

test("a session that was closed at rest is replaced before the next use, without a failure", async () => {
  const { driver, session, log } = await opened();
  assert.equal(session.reconnects, 0);
  driver.connections[0]!.lose(LOST);
  assert.equal(await session.run(WRITE, numberOf), 2);
  assert.equal(driver.connections[0]!.destroyed, true);
  assert.equal(session.reconnects, 1);
  assert.deepEqual(log, [
    "INFO scripted db:1 closed the connection (connection reset); connecting again",
  ]);
});

test("a session that died at rest unnoticed is found out by a ping, and replaced", async () => {
  const { driver, session, clock } = await opened();
  await clock.pass(1500);
  driver.keeping = "fails";
  assert.equal(await session.run(WRITE, numberOf), 2);
  assert.deepEqual(driver.seen, ["start 1 after none", "ping 1", "start 2 after none"]);
  assert.equal(await session.run(WRITE, numberOf), 2);
});

test("a session that hangs at rest is found out by a ping within its time", async () => {
  const { driver, session, clock } = await opened();
  await clock.pass(1500);
  driver.keeping = "hangs";
  const result = outcome(session.run(WRITE, numberOf));
  await clock.pass(1500);
  assert.equal(result.text, "2");
});

test("a session lost under a write leaves the outcome unknown, under a read it does not", async () => {
  const { session } = await opened();
  const written = outcome(session.run(WRITE, fails(LOST)));
  await settle();
  assert.equal(written.text, "UNKNOWN_OUTCOME: Cannot write to scripted db:1: connection reset");
  const read = outcome(session.run(READ, fails(LOST)));
  await settle();
  assert.equal(read.text, "AWAY: Cannot read scripted db:1: connection reset");
});

test("a loss that only the driver's event tells ends the operation too", async () => {
  const { driver, session } = await opened();
  const result = outcome(session.run(WRITE, hangs));
  await settle();
  driver.connections[0]!.lose(LOST);
  await settle();
  assert.equal(result.text, "UNKNOWN_OUTCOME: Cannot write to scripted db:1: connection reset");
  assert.equal(await session.run(WRITE, numberOf), 2);
});

test("a late event of an old connection does not disturb the new one", async () => {
  const { driver, session } = await opened();
  driver.connections[0]!.lose(LOST);
  assert.equal(await session.run(WRITE, numberOf), 2);
  const result = outcome(session.run(WRITE, async () => {
    driver.connections[0]!.lose(LOST);
    await settle();
    return "done";
  }));
  await settle();
  await settle();
  assert.equal(result.text, "done");
});

test("before anything else is written, a lost session that wrote is put out of action", async () => {
  const { driver, session } = await opened();
  await assert.rejects(session.run(WRITE, fails(LOST)));
  driver.starting = "fails";
  await assert.rejects(session.run(WRITE, numberOf));
  driver.starting = "answers";
  assert.equal(await session.run(WRITE, numberOf), 3);
  assert.deepEqual(driver.seen.slice(1), ["start 2 after 1", "start 3 after 1"]);
  driver.connections[2]!.lose(LOST);
  await session.run(READ, numberOf);
  assert.equal(driver.seen.at(-1), "start 4 after 3");
  driver.connections[3]!.lose(LOST);
  await session.run(READ, numberOf);
  assert.equal(driver.seen.at(-1), "start 5 after none");
});

test("a failure that leaves the session sound is reported and changes nothing", async () => {
  const { driver, session } = await opened();
  const result = outcome(session.run(WRITE, fails(new DriverError("disk full", false))));
  await settle();
  assert.equal(result.text, "FULL: Cannot write to scripted db:1: disk full");
  assert.equal(await session.run(WRITE, numberOf), 1);
  assert.equal(driver.connections.length, 1);
});

test("an operation that hangs is given up after its deadline, its connection destroyed", async () => {
  const { driver, session, clock } = await opened();
  const result = outcome(session.run(WRITE, hangs));
  await clock.pass(9999);
  assert.equal(result.text, "pending");
  await clock.pass(1);
  assert.equal(
    result.text,
    "UNKNOWN_OUTCOME: Cannot write to scripted db:1: no answer within 10.0 s",
  );
  assert.equal(driver.connections[0]!.destroyed, true);
});

test("an operation that needs more than its deadline gets twice the time when it is repeated", async () => {
  const { session, clock } = await opened();
  const slow = () => new Promise<string>((resolve) => clock.later(35_000, () => resolve("done")));
  const attempts: string[] = [];
  for (const patience of [10_000, 20_000, 40_000]) {
    const result = outcome(session.run(WRITE, slow));
    await clock.pass(patience);
    attempts.push(result.text.split(":")[0]!);
  }
  assert.deepEqual(attempts, ["UNKNOWN_OUTCOME", "UNKNOWN_OUTCOME", "done"]);
});

test("while there is no session to be had, each operation makes one attempt and says AWAY", async () => {
  const { driver, session, log } = await opened();
  driver.connections[0]!.lose(LOST);
  driver.starting = "fails";
  for (let i = 0; i < 3; i++) {
    const result = outcome(session.run(WRITE, numberOf));
    await settle();
    assert.match(result.text, /^AWAY: Cannot write to scripted db:1: connection refused/);
  }
  assert.equal(driver.connections.length, 4);
  assert.equal(session.healthy, false);
  assert.equal(log.filter((line) => line.startsWith("WARNING")).length, 1);
});

test("a refusal to connect that nobody knows counts as being away, which ends", async () => {
  const { driver, session } = await opened();
  driver.connections[0]!.lose(LOST);
  driver.starting = new StoreError("FAILED", "the account is locked");
  await assert.rejects(session.run(WRITE, numberOf), {
    code: "AWAY",
    message: "Cannot write to scripted db:1: the account is locked",
  });
  driver.starting = "answers";
  assert.equal(await session.run(WRITE, numberOf), 3);
});

test("an outage is logged when it begins and when it ends, and never with a password", async () => {
  const { driver, session, clock, log } = await opened();
  driver.starting = "fails";
  driver.keeping = "fails";
  await clock.pass(5000);
  await clock.pass(20_000);
  driver.starting = "answers";
  await clock.pass(2000);
  assert.equal(session.healthy, true);
  assert.deepEqual(log.map((line) => line.replace(/after [0-9.]+ s/, "after N s")), [
    "INFO Lost the idle connection to scripted db:1 (gone away); connecting again",
    "WARNING Cannot reach scripted db:1: connection refused, password=***; trying again until it is back",
    "NOTICE Connected to scripted db:1 again after N s",
  ]);
});

test("no error carries a password, not even in its cause", async () => {
  const { driver, session } = await opened();
  driver.connections[0]!.lose(LOST);
  driver.starting = "fails";
  await assert.rejects(session.run(WRITE, numberOf), (error) => {
    assert.ok(error instanceof StoreError);
    assert.equal(error.cause, undefined);
    assert.ok(!error.message.includes("hunter2"));
    return true;
  });
});

test("at rest the session is kept alive, and replaced without anybody asking", async () => {
  const { driver, clock, session } = await opened();
  await clock.pass(15_000);
  assert.deepEqual(driver.seen.slice(1), ["upkeep 1", "upkeep 1", "upkeep 1"]);
  driver.keeping = "hangs";
  await clock.pass(8000);
  driver.keeping = "answers";
  assert.deepEqual(driver.seen.slice(4), ["upkeep 1", "start 2 after none"]);
  assert.equal(await session.run(WRITE, numberOf), 2);
});

test("upkeep that a sound server refuses for now changes nothing", async () => {
  const { driver, clock, session, log } = await opened();
  driver.keeping = new StoreError("LOCKED", "a backup holds the tables");
  await clock.pass(20_000);
  assert.equal(session.healthy, true);
  driver.keeping = "answers";
  assert.equal(await session.run(WRITE, numberOf), 1);
  assert.deepEqual(log, []);
});

test("a hung connect is given up, and the server is found again at once when it is back", async () => {
  const { driver, clock, session } = await opened();
  driver.connections[0]!.lose(LOST);
  driver.starting = "hangs";
  const result = outcome(session.run(WRITE, numberOf));
  await clock.pass(3000);
  assert.match(result.text, /^AWAY: .*no answer within 3.0 s/);
  assert.equal(driver.connections[1]!.destroyed, true);
  driver.starting = "answers";
  assert.equal(await session.run(WRITE, numberOf), 3);
});

test("an operation with patience is repeated until the server is back, or its patience ends", async () => {
  const { driver, clock, session } = await opened();
  driver.connections[0]!.lose(LOST);
  driver.starting = "fails";
  const patient = outcome(session.run({ ...READ, patienceMs: 60_000 }, numberOf));
  await clock.pass(30_000);
  assert.equal(patient.text, "pending");
  driver.starting = "answers";
  await clock.pass(2000);
  assert.match(patient.text, /^[0-9]+$/);
  driver.starting = "fails";
  driver.connections.at(-1)!.lose(LOST);
  const tired = outcome(session.run({ ...READ, patienceMs: 10_000 }, numberOf));
  await clock.pass(11_000);
  assert.match(tired.text, /^AWAY/);
});

test("a session whose store was taken over says so once and never comes back", async () => {
  const { driver, clock, session, log } = await opened();
  driver.keeping = new StoreError("TAKEN_OVER", "server b has it");
  driver.starting = driver.keeping;
  const lost = session.lost.then((fault) => fault.code);
  await clock.pass(60_000);
  assert.equal(await lost, "TAKEN_OVER", "nobody had to ask");
  driver.keeping = "answers";
  driver.starting = "answers";
  const result = outcome(session.run(WRITE, numberOf));
  await settle();
  assert.equal(result.text, "TAKEN_OVER: Cannot keep scripted db:1: server b has it");
  assert.equal(log.filter((line) => line.startsWith("FATAL")).length, 1);
  assert.equal(clock.timers, 0);
});

test("a first connection that fails says why, and leaves nothing behind", async () => {
  const driver = new ScriptedDriver();
  const clock = new ManualClock();
  const log: string[] = [];
  const session = new SteadySession(driver, { clock, log: (_, text) => log.push(text) });
  driver.starting = new StoreError("LOCKED", "server a holds it");
  const result = outcome(session.open());
  await settle();
  assert.equal(result.text, "LOCKED: Cannot open scripted db:1: server a holds it");
  assert.deepEqual([driver.connections[0]!.destroyed, clock.timers, log.length], [true, 0, 0]);
});

test("closing waits for the operation under way, refuses others, and stops all timers", async () => {
  const { driver, clock, session } = await opened();
  let finish = () => {};
  const running = session.run(WRITE, () => new Promise<void>((resolve) => finish = resolve));
  await settle();
  const closing = session.close();
  const refused = outcome(session.run(WRITE, numberOf));
  await settle();
  assert.equal(driver.connections[0]!.ended, false);
  finish();
  await running;
  await Promise.all([closing, session.close()]);
  assert.equal(refused.text, "CLOSED: Cannot write to scripted db:1: it is closed");
  assert.deepEqual([driver.connections[0]!.ended, driver.connections[0]!.destroyed], [true, true]);
  assert.equal(clock.timers, 0);
});

test("closing ends the patience of what waits for the server", async () => {
  const { driver, clock, session } = await opened();
  driver.connections[0]!.lose(LOST);
  driver.starting = "fails";
  const waiting = outcome(session.run({ ...READ, patienceMs: 60_000 }, numberOf));
  await settle();
  await session.close();
  await settle();
  assert.match(waiting.text, /^CLOSED/);
  assert.equal(clock.timers, 0);
});

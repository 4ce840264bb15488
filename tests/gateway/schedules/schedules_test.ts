import assert from "node:assert/strict";
import { test } from "node:test";
import { Priority } from "../../../src/core/mod.ts";
import type { Problem } from "../../../src/gateway/problem.ts";
import { MAX_SCHEDULES } from "../../../src/gateway/schedules/schedules.ts";
import { StoreError } from "../../../src/plugin_api/mod.ts";
import { bytesOf, byteStringFrom } from "../../../src/protocol/mod.ts";
import { emptyDisk } from "../../conformance/stores/mod.ts";
import { ScriptedStore, turn } from "../../server/mod.ts";
import { draft, ScheduleScene } from "./schedule_scene.ts";

const NOON = "2026-11-23T12:00:00.000Z";

test("at each of its times a schedule submits a background job with what it was given", async () => {
  const scene = await ScheduleScene.start({ at: NOON, disk: emptyDisk() });
  const schedule = await scene.schedules.create(
    draft("*/5 * * * *", { priority: Priority.LOW, reducer: "sum" }),
  );
  assert.deepEqual(schedule.runsAhead().map((ms) => new Date(ms).toISOString()), [
    "2026-11-23T12:05:00.000Z",
    "2026-11-23T12:10:00.000Z",
    "2026-11-23T12:15:00.000Z",
    "2026-11-23T12:20:00.000Z",
    "2026-11-23T12:25:00.000Z",
  ]);
  await scene.until("2026-11-23T12:04:59.999Z");
  assert.deepEqual(scene.jobs(), []);
  await scene.minutes(10);
  assert.deepEqual(scene.acceptedAt(), ["2026-11-23T12:05:00.000Z", "2026-11-23T12:10:00.000Z"]);
  const [job] = scene.jobs();
  assert.deepEqual(
    [job!.queue.name, job!.priority, job!.reducer, job!.background, byteStringFrom(job!.workload)],
    ["f", Priority.LOW, "sum", true, "work"],
  );
  assert.equal(job!.unique, `schedule:${schedule.id}:${Date.parse("2026-11-23T12:05Z") / 1000}`);
  assert.ok(job!.unique.length <= 64);
  assert.deepEqual({ ...job!.extras }, { retainMs: 60_000, idempotency: null });
  const dueAt = Date.parse("2026-11-23T12:10:00Z");
  assert.deepEqual(schedule.progress.lastRun, { dueAt, at: dueAt, handle: "H:t:2" });
  await scene.stop();
  assert.equal(scene.clock.timers, 0);
});

test("runs follow the clocks of their time zone through both changes", async () => {
  for (
    const [at, cron, expected] of [
      ["2027-03-27T12:00:00Z", "30 2 * * *", [
        "2027-03-28T01:00:00.000Z",
        "2027-03-29T00:30:00.000Z",
      ]],
      ["2026-10-24T12:00:00Z", "30 2 * * *", [
        "2026-10-25T00:30:00.000Z",
        "2026-10-26T01:30:00.000Z",
      ]],
      ["2026-10-24T12:00:00Z", "0 0 * * *", [
        "2026-10-24T22:00:00.000Z",
        "2026-10-25T23:00:00.000Z",
      ]],
    ] as const
  ) {
    const scene = await ScheduleScene.start({ at });
    await scene.schedules.create(draft(cron, { timeZone: "Europe/Berlin" }));
    await scene.minutes(48 * 60 - 300);
    assert.deepEqual(scene.acceptedAt(), expected);
    await scene.stop();
  }
});

test("when the run before is not over, a schedule runs beside it, not at all, or after it", async () => {
  for (
    const [overlap, during, after] of [
      ["allow", 3, 2],
      ["skip", 1, 0],
      ["queue", 1, 1],
    ] as const
  ) {
    const scene = await ScheduleScene.start({ at: NOON });
    const schedule = await scene.schedules.create(draft("* * * * *", { overlap }));
    await scene.minutes(1);
    const first = await scene.take("f");
    await scene.minutes(2);
    assert.equal(scene.jobs().length, during, overlap);
    await scene.complete(first);
    scene.clock.pass(0);
    assert.equal(scene.jobs().length, after, overlap);
    if (overlap === "queue") {
      // The one that waited runs late, and only once.
      assert.deepEqual(scene.acceptedAt(), ["2026-11-23T12:03:00.000Z"]);
      assert.equal(schedule.progress.lastRun!.dueAt, Date.parse("2026-11-23T12:02:00Z"));
      await scene.complete(await scene.take("f"));
    }
    await scene.minutes(1);
    assert.equal(scene.jobs().length, after + (overlap === "queue" ? 0 : 1), overlap);
    await scene.stop();
  }
});

test("a run that waits is late, not missed; a change of the rule lets it go at once", async () => {
  const scene = await ScheduleScene.start({ at: NOON });
  const rules = { overlap: "queue", missed: "skip" } as const;
  const { id } = await scene.schedules.create(draft("0 * * * *", rules));
  await scene.until("2026-11-23T13:00:00Z");
  const first = await scene.take("f");
  await scene.until("2026-11-23T14:30:00Z");
  await scene.complete(first);
  scene.clock.pass(0);
  assert.deepEqual(scene.acceptedAt(), ["2026-11-23T14:30:00.000Z"]);
  await scene.until("2026-11-23T15:00:30Z");
  assert.equal(scene.jobs().length, 1);
  await scene.schedules.change(id, { overlap: "allow" });
  scene.clock.pass(0);
  assert.equal(scene.jobs().length, 2);
  await scene.stop();
});

test("a given unique ID is that of each job, so that runs join one that waits", async () => {
  const scene = await ScheduleScene.start({ at: NOON });
  await scene.schedules.create(draft("* * * * *", { unique: "u" }));
  await scene.minutes(3);
  assert.deepEqual(scene.jobs().map(({ unique }) => unique), ["u"]);
  await scene.stop();
});

// By hand

test("a schedule that is paused misses its times for good", async () => {
  const scene = await ScheduleScene.start({ at: NOON });
  const schedule = await scene.schedules.create(draft("*/10 * * * *", { paused: true }));
  assert.deepEqual(schedule.runsAhead(), []);
  await scene.minutes(35);
  assert.equal(scene.jobs().length, 0);
  await scene.schedules.change(schedule.id, { paused: false });
  await scene.minutes(4);
  assert.equal(scene.jobs().length, 0);
  await scene.minutes(1);
  assert.deepEqual(scene.acceptedAt(), ["2026-11-23T12:40:00.000Z"]);
  await scene.stop();
});

test("a schedule runs by hand, paused or not, and its times stay as they are", async () => {
  const scene = await ScheduleScene.start({ at: NOON, disk: emptyDisk() });
  const schedule = await scene.schedules.create(draft("0 * * * *", { paused: true }));
  const first = await scene.schedules.run(schedule);
  const second = await scene.schedules.run(schedule);
  assert.deepEqual([first.unique, second.unique, first === second], ["", "", false]);
  const at = Date.parse(NOON);
  assert.deepEqual(schedule.progress.lastRun, { dueAt: null, at, handle: second.handle });
  await scene.schedules.change(schedule.id, { paused: false });
  await scene.until("2026-11-23T13:00:00Z");
  assert.equal(scene.jobs().length, 3);
  await scene.stop();
});

test("a change counts from now on; what has nothing to do with times leaves them", async () => {
  const scene = await ScheduleScene.start({ at: "2026-11-23T12:30:00Z" });
  const schedule = await scene.schedules.create(draft("0 * * * *"));
  await scene.schedules.change(schedule.id, { cron: "15 * * * *" });
  assert.equal(schedule.next, Date.parse("2026-11-23T13:15:00Z"));
  await scene.schedules.change(schedule.id, { timeZone: "Asia/Kathmandu" });
  assert.equal(schedule.next, Date.parse("2026-11-23T12:30:00Z") + 3_600_000);
  const { countsFrom } = schedule.definition;
  await scene.until("2026-11-23T12:45:00Z");
  await scene.schedules.change(schedule.id, { payload: bytesOf("new") });
  assert.equal(schedule.definition.countsFrom, countsFrom);
  assert.equal(schedule.definition.changedAt, Date.parse("2026-11-23T12:45:00Z"));
  await scene.until("2026-11-23T13:30:00Z");
  assert.deepEqual(scene.jobs().map(({ workload }) => byteStringFrom(workload)), ["new"]);
  await scene.schedules.remove(schedule.id);
  await scene.minutes(120);
  assert.equal(scene.jobs().length, 1);
  assert.equal(scene.schedules.size, 0);
  await scene.stop();
});

// What does not work

test("a run that is refused is logged and tried again; of many that were due one is made", async () => {
  const scene = await ScheduleScene.start({ at: NOON });
  const { server } = scene;
  await scene.schedules.create(draft("* * * * *"));
  server.act((jobServer) => {
    jobServer.createFunction("f");
    jobServer.setQueueLimits("f", [1, 1, 1]);
  });
  await scene.minutes(3);
  assert.equal(scene.jobs().length, 1);
  assert.match(scene.warnings[0]!, /^Cannot run the schedule \w{16} for f: queue full$/);
  await scene.complete(await scene.take("f"));
  scene.clock.pass(10_000);
  assert.equal(scene.jobs().length, 1);
  await scene.stop();
});

test("a run whose job the store refuses is taken back and tried again", async () => {
  const store = new ScriptedStore();
  store.automatic = true;
  const scene = await ScheduleScene.start({ at: NOON, store });
  const schedule = await scene.schedules.create(draft("0 * * * *"));
  store.automatic = false;
  await scene.until("2026-11-23T13:00:00Z");
  const { add, put } = store.batches.at(-1)!;
  const notes = put.filter(({ name }) => name.startsWith("schedule-progress/"));
  assert.deepEqual([add.length, notes.length], [1, 1], "the job and the note in one commit");
  await store.fail(new StoreError("FULL", "no room"));
  assert.deepEqual(schedule.progress, { doneUntil: Date.parse(NOON), lastRun: null });
  assert.equal(schedule.next, Date.parse("2026-11-23T13:00:00Z"));
  assert.match(scene.warnings.join("\n"), /the store did not take its job/);
  store.automatic = true;
  await scene.until("2026-11-23T13:00:10Z");
  assert.equal(scene.jobs().length, 1);
  assert.equal(schedule.next, Date.parse("2026-11-23T14:00:00Z"));
  await scene.stop();
});

test("a change that the store does not take is no change", async () => {
  const store = new ScriptedStore();
  store.automatic = true;
  const scene = await ScheduleScene.start({ at: NOON, store });
  const schedule = await scene.schedules.create(draft("0 * * * *"));
  store.automatic = false;
  const isRefused = (error: unknown) => (error as Problem).type === "store-unavailable";
  for (
    const change of [
      () => scene.schedules.create(draft("0 * * * *")),
      () => scene.schedules.change(schedule.id, { paused: true }),
      () => scene.schedules.remove(schedule.id),
      () => scene.schedules.run(schedule),
    ]
  ) {
    const refused = assert.rejects(change(), isRefused);
    await turn();
    while (store.running > 0) await store.fail(new StoreError("READ_ONLY", "read only"));
    scene.clock.pass(31_000);
    await turn();
    while (store.running > 0) await store.fail(new StoreError("READ_ONLY", "read only"));
    await refused;
    assert.deepEqual([...scene.schedules.all()], [schedule]);
    assert.equal(schedule.definition.paused, false);
    assert.equal(schedule.progress.lastRun, null);
  }
  store.automatic = true;
  await scene.stop();
});

test("nothing runs while the server takes no jobs, and what was due runs afterwards", async () => {
  const scene = await ScheduleScene.start({ at: NOON });
  await scene.schedules.create(draft("* * * * *"));
  scene.server.setDraining(true);
  await scene.minutes(3);
  assert.equal(scene.jobs().length, 0);
  scene.server.setDraining(false);
  scene.clock.pass(1000);
  assert.equal(scene.jobs().length, 1);
  await scene.stop();
});

test("times that never come, too large payloads and too many schedules are refused", async () => {
  const scene = await ScheduleScene.start({ at: NOON });
  const { schedules } = scene;
  const refusal = (type: string, pointer?: string) => (error: unknown) => {
    const problem = error as Problem;
    assert.equal(problem.type, type);
    assert.equal(problem.extras.errors?.[0]?.pointer, pointer);
    return true;
  };
  for (const paused of [false, true]) {
    await assert.rejects(
      schedules.create(draft("0 0 30 2 *", { paused })),
      refusal("invalid-request", "cron"),
    );
  }
  await assert.rejects(
    schedules.create(draft("* * * * *", { timeZone: "Mars/Olympus" })),
    refusal("invalid-request", "tz"),
  );
  const largest = new Uint8Array(1024 * 1024 - 16 * 1024);
  const names = { functionName: "\x01".repeat(511), unique: "\x01".repeat(64) };
  const schedule = await schedules.create(draft("0 0 1 1 *", { ...names, payload: largest }));
  for (
    const change of [
      schedules.create(draft("0 0 1 1 *", { payload: new Uint8Array(largest.length + 1) })),
      schedules.change(schedule.id, { payload: new Uint8Array(largest.length + 1) }),
    ]
  ) {
    await assert.rejects(change, refusal("payload-too-large"));
  }
  await Promise.all(
    Array.from({ length: 126 }, () => schedules.create(draft("0 0 1 1 *", { payload: largest }))),
  );
  while (schedules.size < MAX_SCHEDULES) {
    await schedules.create(draft("0 0 1 1 *", { paused: true }));
  }
  await assert.rejects(schedules.create(draft("0 0 1 1 *")), refusal("invalid-request"));
  await schedules.remove(schedule.id);
  await schedules.create(draft("0 0 1 1 *"));
  for (const { id, definition } of [...schedules.all()].slice(0, 300)) {
    if (definition.payload.length < 100) continue;
    await schedules.remove(id);
  }
  await scene.stop();
});

test("one timer serves all schedules, never for longer than a minute", async () => {
  const scene = await ScheduleScene.start({ at: NOON });
  const timers = scene.clock.timers;
  await scene.schedules.create(draft("0 0 1 1 *"));
  await scene.schedules.create(draft("0 0 2 1 *"));
  assert.equal(scene.clock.timers, timers + 1);
  // The clock is set, or the machine slept: the next look is soon.
  await scene.minutes(3);
  assert.equal(scene.clock.timers, timers + 1);
  for (const { id } of [...scene.schedules.all()]) await scene.schedules.remove(id);
  assert.equal(scene.clock.timers, timers);
  await scene.stop();
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesOf, byteStringFrom } from "../../../src/protocol/mod.ts";
import { emptyDisk, type ModelDisk } from "../../conformance/stores/mod.ts";
import { draft, ScheduleScene } from "./schedule_scene.ts";

const NOON = "2026-11-23T12:00:00.000Z";

/** What a store has at this moment: a server that starts on it knows what a crash would leave. */
function frozen({ jobs, records }: ModelDisk): ModelDisk {
  return { jobs: new Map(jobs), records: new Map(records) };
}

test("schedules outlive a restart; a run that was missed is made once, or not", async () => {
  for (const missed of ["run-once", "skip"] as const) {
    const disk = emptyDisk();
    const before = await ScheduleScene.start({ at: NOON, disk });
    const binary = Uint8Array.from({ length: 256 }, (_, i) => i);
    const made = await before.schedules.create(
      draft("0 * * * *", {
        missed,
        functionName: "f\xff",
        payload: binary,
        timeZone: "Asia/Tokyo",
      }),
    );
    await before.until("2026-11-23T13:00:00Z");
    await before.complete(await before.take("f\xff"));
    await before.stop();
    const after = await ScheduleScene.start({ at: "2026-11-23T17:30:00Z", disk });
    const [schedule] = after.schedules.all();
    assert.deepEqual(schedule!.definition, made.definition);
    assert.deepEqual(schedule!.progress, made.progress);
    await after.until("2026-11-23T17:30:01Z");
    assert.deepEqual(
      after.acceptedAt(),
      missed === "skip" ? [] : ["2026-11-23T17:30:00.000Z"],
      missed,
    );
    await after.until("2026-11-23T18:00:00Z");
    assert.equal(after.acceptedAt().at(-1), "2026-11-23T18:00:00.000Z");
    assert.equal(after.jobs().length, missed === "skip" ? 1 : 2);
    await after.stop();
  }
});

test("a server that was away for less than a minute has missed nothing", async () => {
  const disk = emptyDisk();
  const before = await ScheduleScene.start({ at: NOON, disk });
  await before.schedules.create(draft("0 13 * * *", { missed: "skip" }));
  await before.until("2026-11-23T12:59:50Z");
  await before.stop();
  const after = await ScheduleScene.start({ at: "2026-11-23T13:00:20Z", disk });
  after.clock.pass(0);
  assert.equal(after.jobs().length, 1);
  await after.stop();
});

test("a crash right after a run does not make it again, whatever was written of it", async () => {
  const disk = emptyDisk();
  const before = await ScheduleScene.start({ at: NOON, disk });
  await before.schedules.create(draft("0 13 * * *"));
  const earlier = frozen(disk);
  await before.until("2026-11-23T13:00:00Z");
  const whole = frozen(disk);
  assert.equal(whole.jobs.size, 1);
  assert.ok([...whole.records.keys()].some((name) => name.startsWith("schedule-progress/")));
  // A store that lost the note, which no store does that keeps its promise.
  const half = { jobs: whole.jobs, records: earlier.records };
  await before.stop();
  for (const left of [whole, half]) {
    const after = await ScheduleScene.start({ at: "2026-11-23T13:00:10Z", disk: frozen(left) });
    await after.until("2026-11-23T13:00:20Z");
    assert.equal(after.jobs().length, 1);
    assert.equal([...after.schedules.all()][0]!.next, Date.parse("2026-11-24T13:00:00Z"));
    await after.stop();
  }
});

test("what was changed or deleted stays so after a restart", async () => {
  const disk = emptyDisk();
  const before = await ScheduleScene.start({ at: NOON, disk });
  const [a, b] = [
    await before.schedules.create(draft("0 * * * *")),
    await before.schedules.create(draft("0 * * * *")),
  ];
  await before.schedules.run(a);
  await before.schedules.change(a.id, { cron: "30  * * * *", payload: bytesOf("other") });
  assert.equal(await before.schedules.remove(b.id), true);
  assert.equal(await before.schedules.remove(b.id), false);
  assert.equal(await before.schedules.change(b.id, { paused: true }), undefined);
  await before.stop();
  const after = await ScheduleScene.start({ at: "2026-11-23T12:10:00Z", disk });
  assert.deepEqual([...after.schedules.all()].map(({ definition }) => definition), [a.definition]);
  assert.equal(a.definition.cron, "30 * * * *");
  assert.equal([...disk.records.keys()].filter((name) => name.includes(b.id)).length, 0);
  await after.stop();
});

test("a record that is no schedule is logged and left as it is", async () => {
  const disk = emptyDisk();
  const broken = ["", "{}\n", "no JSON\npayload", "{"].map(bytesOf);
  for (const [i, value] of broken.entries()) disk.records.set(`schedule/${i}`, value);
  const first = await ScheduleScene.start({ at: NOON, disk });
  await first.schedules.create(draft("0 * * * *", { functionName: "report" }));
  await first.stop();
  const [name, value] = [...disk.records].find(([, value]) => value.length > 50)!;
  const text = byteStringFrom(value).replace("0 * * * *", "0 * * * MOON");
  disk.records.set(name, bytesOf(text));
  disk.records.set(`schedule-progress/${name.slice(9)}`, bytesOf("?"));
  const scene = await ScheduleScene.start({ at: NOON, disk });
  assert.equal(scene.schedules.size, 0);
  assert.equal(scene.warnings.length, 5);
  assert.match(
    scene.warnings.join("\n"),
    /Cannot run the schedule \w+ for report: cron is not valid/,
  );
  await scene.stop();
  assert.equal(disk.records.size, 5 + 1 + 2, "and the two marks of the numbers");
});

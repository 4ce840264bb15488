import assert from "node:assert/strict";
import { test } from "node:test";
import { Books, type Faults } from "./books.ts";
import type { Attempt, JobEvent, StopKind } from "./job_log.ts";

function attempt(number: number, more: Partial<Attempt> = {}): Attempt {
  return {
    number,
    functionName: "f",
    unique: "",
    background: true,
    reducer: "",
    notBefore: 0,
    ...more,
  };
}

const attempted = (number: number, more: Partial<Attempt> = {}): JobEvent => ({
  kind: "attempted",
  attempt: attempt(number, more),
});
const acknowledged = (number: number, handle: string): JobEvent => ({
  kind: "acknowledged",
  attempt: number,
  handle,
});
const refused = (number: number): JobEvent => ({ kind: "refused", attempt: number, code: "X" });
const assigned = (
  handle: string,
  number: number | undefined,
  more: Partial<JobEvent & { kind: "assigned" }> = {},
): JobEvent => ({
  kind: "assigned",
  handle,
  attempt: number,
  functionName: "f",
  unique: "",
  reducer: "",
  at: 5_000_000,
  ...more,
});
const finished = (handle: string): JobEvent => ({ kind: "finished", handle });
const processed = (handle: string): JobEvent => ({ kind: "processed", handle });
const status = (handle: string, known: boolean): JobEvent => ({ kind: "status", handle, known });
const stopped = (how: StopKind): JobEvent => ({ kind: "stopped", how });
const done = (handle: string, number: number): JobEvent[] => [
  assigned(handle, number),
  finished(handle),
  processed(handle),
];

function bookkeep(events: readonly JobEvent[]) {
  const books = new Books();
  events.forEach((event, i) => books.enter({ ...event, tick: i + 1 }));
  const totals = books.close();
  const found = Object.entries(books.faults)
    .flatMap(([name, list]: [string, string[]]) => list.map(() => name));
  return { totals, found };
}

test("a job that was submitted, acknowledged and done leaves the books in order", () => {
  const { totals, found } = bookkeep([attempted(1), acknowledged(1, "h1"), ...done("h1", 1)]);
  assert.deepEqual(found, []);
  assert.deepEqual(totals, {
    attempted: 1,
    acknowledged: 1,
    refused: 0,
    unclear: 0,
    completed: 1,
    recovered: 0,
    duplicated: 0,
  });
});

test("what is neither acknowledged nor foreground may be lost, and may be done", () => {
  const { totals, found } = bookkeep([
    attempted(1),
    attempted(2),
    attempted(3, { background: false }),
    acknowledged(3, "h3"),
    ...done("h2", 2),
  ]);
  assert.deepEqual(found, []);
  assert.equal(totals.unclear, 2);
  assert.equal(totals.recovered, 1);
});

test("submissions with one unique ID share a job", () => {
  const same = { unique: "u" };
  const { totals, found } = bookkeep([
    attempted(1, same),
    attempted(2, same),
    acknowledged(1, "h1"),
    acknowledged(2, "h1"),
    assigned("h1", 1, same),
    finished("h1"),
  ]);
  assert.deepEqual(found, []);
  assert.equal(totals.completed, 1);
});

test("a job may be done twice when the first result was on its way as the server was killed", () => {
  for (const last of [[finished("h1")], [finished("h1"), processed("h1")]]) {
    const { totals, found } = bookkeep([
      attempted(1),
      acknowledged(1, "h1"),
      assigned("h1", 1),
      ...last,
      stopped("kill -9"),
      status("h1", true),
      ...done("h1", 1),
    ]);
    assert.deepEqual(found, []);
    assert.equal(totals.duplicated, 1);
  }
});

const FAULTS: readonly [keyof Faults, what: string, events: readonly JobEvent[]][] = [
  ["lost", "an acknowledged job that is never done", [attempted(1), acknowledged(1, "h1")]],
  ["lost", "a background submission that joined a foreground job", [
    attempted(1, { unique: "u", background: false }),
    acknowledged(1, "h1"),
    attempted(2, { unique: "u" }),
    acknowledged(2, "h1"),
  ]],
  ["unexpected", "a damaged workload", [assigned("h1", undefined)]],
  ["unexpected", "a job that nobody submitted", [assigned("h1", 7)]],
  ["unexpected", "an acknowledgement of nothing", [acknowledged(7, "h1")]],
  ["unexpected", "a job that was refused", [attempted(1), refused(1), ...done("h1", 1)]],
  ["unexpected", "a job under another function", [
    attempted(1),
    assigned("h1", 1, { functionName: "g" }),
  ]],
  ["unexpected", "a job with another unique ID", [
    attempted(1),
    assigned("h1", 1, { unique: "u" }),
  ]],
  ["unexpected", "a job with another reducer", [attempted(1), assigned("h1", 1, { reducer: "r" })]],
  ["reused", "a handle acknowledged for two jobs", [
    attempted(1, { background: false }),
    attempted(2, { background: false }),
    acknowledged(1, "h1"),
    acknowledged(2, "h1"),
  ]],
  ["reused", "a handle given out for two jobs", [
    attempted(1),
    attempted(2),
    assigned("h1", 1),
    stopped("kill -9"),
    assigned("h1", 2),
  ]],
  ["reused", "a handle acknowledged for one job and given out for another", [
    attempted(1, { background: false }),
    attempted(2),
    acknowledged(1, "h1"),
    assigned("h1", 2),
  ]],
  ["reused", "a submission that joins a job which is done", [
    attempted(1, { unique: "u" }),
    acknowledged(1, "h1"),
    assigned("h1", 1, { unique: "u" }),
    finished("h1"),
    processed("h1"),
    attempted(2, { unique: "u" }),
    acknowledged(2, "h1"),
  ]],
  ["unexcused", "a job given out again by the server that had read its result", [
    attempted(1),
    ...done("h1", 1),
    assigned("h1", 1),
  ]],
  ["unexcused", "a job that comes back after an orderly stop", [
    attempted(1),
    ...done("h1", 1),
    stopped("SIGTERM"),
    assigned("h1", 1),
  ]],
  ["unexcused", "a job that comes back although a later one was acknowledged before the kill", [
    attempted(1),
    ...done("h1", 1),
    attempted(2),
    acknowledged(2, "h2"),
    stopped("kill -9"),
    ...done("h2", 2),
    assigned("h1", 1),
  ]],
  ["forgotten", "an acknowledged job that the server does not know", [
    attempted(1),
    acknowledged(1, "h1"),
    status("h1", false),
    ...done("h1", 1),
  ]],
  ["risen", "a job that is known after it was done", [
    attempted(1),
    ...done("h1", 1),
    stopped("SIGTERM"),
    status("h1", true),
  ]],
  ["early", "a job before its time", [
    attempted(1, { notBefore: 5001 }),
    ...done("h1", 1),
  ]],
];

test("each fault is found", async (t) => {
  for (const [name, what, events] of FAULTS) {
    await t.test(what, () => assert.deepEqual(bookkeep(events).found, [name]));
  }
});

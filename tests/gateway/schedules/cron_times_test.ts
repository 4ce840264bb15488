import assert from "node:assert/strict";
import { test } from "node:test";
import { CronError, CronTimes, tidyCron } from "../../../src/gateway/schedules/cron_times.ts";

function timesAfter(cron: string, timeZone: string, from: string, count: number): string[] {
  const times = new CronTimes(cron, timeZone);
  return times.manyAfter(Date.parse(from), count).map((ms) => new Date(ms).toISOString());
}

test("five fields say when; a time is later than the moment asked about", () => {
  const cases: readonly (readonly [cron: string, next: string])[] = [
    ["* * * * *", "2026-11-23T10:01:00.000Z"],
    ["*/20 * * * *", "2026-11-23T10:20:00.000Z"],
    ["0 10 * * *", "2026-11-24T10:00:00.000Z"],
    ["5,7 11-13 * * *", "2026-11-23T11:05:00.000Z"],
    ["0 3 * * 1", "2026-11-30T03:00:00.000Z"],
    ["0 3 * * MON", "2026-11-30T03:00:00.000Z"],
    ["0 0 * * 0", "2026-11-29T00:00:00.000Z"],
    ["0 0 * * 7", "2026-11-29T00:00:00.000Z"],
    ["0 0 1 * 3", "2026-11-25T00:00:00.000Z"],
    ["0 0 L * *", "2026-11-30T00:00:00.000Z"],
    ["0 0 * * TUE#1", "2026-12-01T00:00:00.000Z"],
    ["0 0 29 2 *", "2028-02-29T00:00:00.000Z"],
    ["  0\t3  * * 1 ", "2026-11-30T03:00:00.000Z"],
  ];
  for (const [cron, next] of cases) {
    const [found] = timesAfter(cron, "UTC", "2026-11-23T10:00:00.000Z", 1);
    assert.equal(found, next, cron);
  }
  assert.equal(tidyCron("  0\t3  * * 1 "), "0 3 * * 1");
});

test("a day that does not exist never comes", () => {
  assert.equal(new CronTimes("0 0 30 2 *", "UTC").after(0), null);
  assert.deepEqual(timesAfter("0 0 31 4,6 *", "UTC", "2026-11-23T10:00:00Z", 5), []);
});

test("what is no expression or no time zone is refused, with the field that is wrong", () => {
  const expressions = [
    "",
    "* * * *",
    "* * * * * *",
    "@daily",
    "60 * * * *",
    "* 24 * * *",
    "* * 32 * *",
    "* * * 13 *",
    "* * * * 8",
    "5-1 * * * *",
    "*/0 * * * *",
    "5/5 * * * *",
    "? * * * *",
    "a * * * *",
    "-1 * * * *",
    "1.5 * * * *",
    "* * * * MOON",
    "0 0 * * \u0661",
  ];
  for (const cron of expressions) {
    assert.throws(
      () => new CronTimes(cron, "UTC"),
      (error) => error instanceof CronError && error.field === "cron",
      cron,
    );
  }
  for (const timeZone of ["", "Mars/Olympus", "+02:00", "Europe/Berlin ", "x".repeat(65)]) {
    assert.throws(
      () => new CronTimes("* * * * *", timeZone),
      (error) => error instanceof CronError && error.field === "tz",
      timeZone,
    );
  }
});

test("where clocks are set forward, fixed times in the gap come right after it, once", () => {
  // Berlin, 2027-03-28: after 01:59 comes 03:00, at 01:00 UTC.
  const from = "2027-03-27T12:00:00Z";
  assert.deepEqual(timesAfter("30 2 * * *", "Europe/Berlin", from, 2), [
    "2027-03-28T01:00:00.000Z",
    "2027-03-29T00:30:00.000Z",
  ]);
  assert.deepEqual(timesAfter("30 2,14 * * *", "Europe/Berlin", from, 3), [
    "2027-03-27T13:30:00.000Z",
    "2027-03-28T01:00:00.000Z",
    "2027-03-28T12:30:00.000Z",
  ]);
  assert.deepEqual(timesAfter("*/30 * * * *", "Europe/Berlin", "2027-03-28T00:15:00Z", 3), [
    "2027-03-28T00:30:00.000Z",
    "2027-03-28T01:00:00.000Z",
    "2027-03-28T01:30:00.000Z",
  ]);
});

test("where clocks are set back, fixed times come once, and steps go on as time passes", () => {
  // Berlin, 2026-10-25: after 02:59 comes 02:00 again, at 01:00 UTC.
  const from = "2026-10-24T12:00:00Z";
  assert.deepEqual(timesAfter("30 2 * * *", "Europe/Berlin", from, 2), [
    "2026-10-25T00:30:00.000Z",
    "2026-10-26T01:30:00.000Z",
  ]);
  assert.deepEqual(timesAfter("*/30 * * * *", "Europe/Berlin", "2026-10-25T00:15:00Z", 4), [
    "2026-10-25T00:30:00.000Z",
    "2026-10-25T01:00:00.000Z",
    "2026-10-25T01:30:00.000Z",
    "2026-10-25T02:00:00.000Z",
  ]);
});

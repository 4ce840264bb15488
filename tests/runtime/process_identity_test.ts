import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { test } from "node:test";
import { isProcessGone, ownProcess } from "../../src/runtime/mod.ts";
import { deadline, PATIENCE_MS } from "../support/mod.ts";

test("a process knows itself: the same each time, and where its number means something", () => {
  const self = ownProcess();
  assert.equal(self.pid, process.pid);
  assert.match(self.birth, /^[0-9]+$/);
  assert.match(self.machine, /^[0-9a-f-]{36} pid:\[[0-9]+\]$/);
  assert.ok(Math.abs(Date.now() - self.startedAt) < 24 * 3600_000);
  const { startedAt: _, ...again } = ownProcess();
  assert.deepEqual({ ...again, startedAt: self.startedAt }, self);
});

test("a process that runs is not gone; a later one with its number does not stand for it", () => {
  const self = ownProcess();
  assert.equal(isProcessGone(self), false);
  assert.equal(isProcessGone({ ...self, birth: "" }), false);
  assert.equal(isProcessGone({ ...self, birth: "1" }), true);
});

test("a process that has ended is gone; of another machine's nothing is known", async () => {
  const child = spawn("/bin/true", [], { stdio: "ignore" });
  const ended = once(child, "close");
  const { pid } = child;
  await deadline(ended, PATIENCE_MS, "the end of /bin/true");
  const other = { ...ownProcess(), pid: pid!, birth: "" };
  assert.equal(isProcessGone(other), true);
  assert.equal(isProcessGone({ ...other, machine: "" }), false);
  assert.equal(isProcessGone({ ...other, machine: "another boot pid:[1]" }), false);
  assert.equal(isProcessGone({ ...other, pid: 0 }), false);
});

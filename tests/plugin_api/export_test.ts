import assert from "node:assert/strict";
import { test } from "node:test";
import { GearmandExport, type StoredJob } from "../../src/plugin_api/mod.ts";

test("an export tells now and then how many jobs it has looked at", () => {
  const told: number[] = [];
  const layout = { maxFunctionBytes: 255, textNames: false, keepsTimes: true };
  const plan = { keep: true, reader: "gearmand-1", now: 0 } as const;
  const job: StoredJob = {
    key: 1,
    handle: "H:x:1",
    functionName: "f",
    unique: "",
    workload: new Uint8Array(0),
    priority: 1,
    notBefore: 0,
    reducer: "",
    acceptedAt: 0,
    attempts: 0,
    namespace: "",
    state: "queued",
    outcome: null,
  };
  const writing = new GearmandExport(layout, { ...plan, progress: (jobs) => told.push(jobs) });
  for (let at = 0; at < 1200; at++) assert.equal(writing.accepts(job), true);
  assert.deepEqual(told, [500, 1000]);
  assert.equal(new GearmandExport(layout, plan).accepts(job), true);
});

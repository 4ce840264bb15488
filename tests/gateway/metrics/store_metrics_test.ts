import assert from "node:assert/strict";
import { test } from "node:test";
import { StoreError } from "../../../src/plugin_api/mod.ts";
import { sampleJob } from "../../conformance/stores/mod.ts";
import { ScriptedStore, turn } from "../../server/mod.ts";
import { OperateScene } from "../operate/mod.ts";
import { scrape } from "./scraping.ts";

test("commits are measured: how long, how many jobs, to the disk, and what failed", async () => {
  const store = Object.assign(new ScriptedStore(), { figures: { reconnects: 2, syncMs: 3 } });
  const scene = await OperateScene.start({ store });
  const client = scene.connect();
  for (let i = 0; i < 7; i++) client.send("SUBMIT_JOB_BG", "f", "", `${i}`);
  await turn();
  await store.fail(new StoreError("AWAY", "Cannot write to the store: nobody there"));
  let samples = await scrape(scene);
  const commit = 'gearman_store_operation_seconds_count{store="scripted",op="commit"}';
  assert.equal(samples.get('gearman_store_pending_writes{store="scripted"}'), 7);
  assert.equal(samples.get('gearman_store_errors_total{store="scripted"}'), 1);
  assert.equal(samples.get(commit), 1);
  assert.equal(samples.get('gearman_store_commit_batch_jobs_count{store="scripted"}'), 0);
  store.automatic = true;
  scene.clock.pass(5_000);
  await turn();
  samples = await scrape(scene);
  assert.equal(samples.get('gearman_store_commit_batch_jobs_sum{store="scripted"}'), 7);
  assert.equal(samples.get('gearman_store_commit_batch_jobs_count{store="scripted"}'), 1);
  assert.equal(samples.get(commit), 2);
  assert.equal(samples.get('gearman_store_pending_writes{store="scripted"}'), 0);
  assert.equal(samples.get('gearman_store_fsync_seconds_sum{store="scripted"}'), 0.003);
  assert.equal(samples.get('gearman_store_reconnects_total{store="scripted"}'), 2);
  assert.equal(
    samples.get('gearman_store_operation_seconds_count{store="scripted",op="replay"}'),
    1,
  );
});

test("jobs that the store held are among those that are tried again", async () => {
  const store = new ScriptedStore();
  store.pages = [{ records: [], jobs: [sampleJob(1, { functionName: "f", attempts: 3 })] }];
  const scene = await OperateScene.start({ store });
  const samples = await scrape(scene);
  assert.equal(samples.get('gearman_jobs_retrying{function="f"}'), 1);
});

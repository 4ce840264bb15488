import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { FunctionQueue, Job } from "../../src/core/mod.ts";
import { HandleMint } from "../../src/core/handle_mint.ts";
import { HandleTable } from "../../src/core/handle_table.ts";
import { Random, seedFrom } from "../support/mod.ts";

const PREFIX = "H:t:";
const queue = new FunctionQueue("f");

let keys = 0;

function jobWith(handle: string, key = ++keys): Job {
  return new Job({
    key,
    handle,
    queue,
    unique: "",
    workload: new Uint8Array(0),
    priority: 1,
    notBefore: 0,
    reducer: "",
    acceptedAt: 0,
    background: true,
    extras: null,
  });
}

test("HandleMint writes the prefix and the number as it is", () => {
  const mint = new HandleMint("H:h\xf6st:");
  for (
    const number of [1, 9, 10, 99, 100, 4294967295, 4294967296, 999_999_999_999_999, 2 ** 53 - 1]
  ) {
    assert.equal(mint.handle(number), `H:h\xf6st:${number}`);
  }
  assert.equal(mint.handle(7), "H:h\xf6st:7", "an earlier, longer handle leaves nothing behind");
});

test("HandleTable finds jobs by exactly their handles", () => {
  const table = new HandleTable(PREFIX);
  const handles = [
    "H:t:1",
    "H:t:127",
    "H:t:128",
    "H:t:9999999999",
    "H:t:999999999999999",
    "H:t:9007199254740991",
    "H:old:1",
    "H:t:01",
    "H:t:0",
    "H:t:1x",
    "H:t:",
    "H:t:-1",
    "",
  ];
  const jobs = handles.map(jobWith);
  for (const job of jobs) table.add(job);
  for (const job of jobs) assert.equal(table.get(job.handle), job);
  for (const unknown of ["H:t:2", "H:t:001", "h:t:1", "H:t:1\0", "1", "H:t:1 ", "H:t:1e0"]) {
    assert.equal(table.get(unknown), undefined, unknown);
  }
  assert.equal(table.size, handles.length);
  assert.deepEqual(new Set(table.values()), new Set(jobs));
  for (const job of jobs) table.delete(job);
  assert.equal(table.size, 0);
  assert.deepEqual([...table.values()], []);
});

test("HandleTable is a map, whatever comes and goes", () => {
  const seed = seedFrom(process.env);
  const random = new Random(seed);
  const table = new HandleTable(PREFIX);
  const model = new Map<string, Job>();
  for (let step = 0; step < 20_000; step++) {
    const number = random.below(1000);
    const handle = number < 900 ? `${PREFIX}${number + 1}` : `H:other:${number}`;
    const known = model.get(handle);
    assert.equal(table.get(handle), known, `seed ${seed}, step ${step}`);
    if (known === undefined) {
      const job = jobWith(handle);
      model.set(handle, job);
      table.add(job);
    } else if (random.below(2) === 0) {
      model.delete(handle);
      table.delete(known);
    }
    assert.equal(table.size, model.size);
  }
  assert.deepEqual(new Set(table.values()), new Set(model.values()));
});

test("HandleTable goes on behind and before any key, whatever has gone meanwhile", () => {
  const seed = seedFrom(process.env);
  const random = new Random(seed);
  const table = new HandleTable(PREFIX);
  const kept: Job[] = [];
  // Numbers rise with keys, with gaps; some jobs came from servers with other names, early and late.
  for (let key = 1, number = 1; key <= 3000; key++, number += random.chance(0.02) ? 500 : 1) {
    const job = jobWith(random.chance(0.1) ? `H:other:${number}` : `${PREFIX}${number}`, key);
    table.add(job);
    if (random.chance(0.3)) kept.push(job);
    else table.delete(job);
  }
  const all = kept.map(({ key }) => key);
  assert.deepEqual([...table.after(0)].map(({ key }) => key), all);
  assert.deepEqual([...table.before(Infinity)].map(({ key }) => key), all.toReversed());
  for (let round = 0; round < 200; round++) {
    const from = random.below(3100);
    const label = `seed ${seed}, from ${from}`;
    const [next] = table.after(from);
    assert.equal(next?.key, all.find((key) => key > from), label);
    const [last] = table.before(from);
    assert.equal(last?.key, all.findLast((key) => key < from), label);
  }
  for (const job of kept) table.delete(job);
  assert.deepEqual([...table.after(0), ...table.before(Infinity)], []);
});

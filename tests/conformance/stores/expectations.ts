import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import {
  type JobStore,
  REPLAY_PAGE_LIMITS,
  type ReplayPage,
  type StoredJob,
  StoreError,
  type StoreErrorCode,
} from "../../../src/plugin_api/mod.ts";
import type { StorePlace, StoreUnderTest } from "./store_case.ts";

/** What a replay yielded. */
export interface Held {
  readonly jobs: readonly StoredJob[];
  /** Records by name. */
  readonly records: ReadonlyMap<string, Uint8Array>;
}

/** All that a store holds. Also checks what must hold of every replay: page limits and order. */
export async function replayed(store: JobStore): Promise<Held> {
  const jobs: StoredJob[] = [];
  const records = new Map<string, Uint8Array>();
  for await (const page of store.replay()) {
    assertWithinLimits(page);
    assert(page.records.length === 0 || jobs.length === 0, "records must come before jobs");
    for (const { name, value } of page.records) {
      assert(value !== null, `record "${name}" was replayed without a value`);
      assert(!records.has(name), `record "${name}" was replayed twice`);
      records.set(name, value);
    }
    for (const job of page.jobs) {
      const last = jobs.at(-1)?.key ?? 0;
      assert(job.key > last, `job ${job.key} came after job ${last}: keys must rise`);
      jobs.push(job);
    }
  }
  return { jobs, records };
}

export function assertWithinLimits(page: ReplayPage): void {
  const { length } = page.jobs;
  assert(length <= REPLAY_PAGE_LIMITS.jobs, `a page holds ${length} jobs`);
  const bytes = page.jobs.reduce(
    (sum, job) => sum + job.workload.length + (job.outcome?.result.length ?? 0),
    0,
  );
  assert(bytes <= REPLAY_PAGE_LIMITS.bytes || length === 1, `a page holds ${bytes} bytes`);
}

/**
 * Opens the store at a place, lets `work` use it and closes it. What it holds is checked by
 * `assertHolds`, after all work: a replay shows what there was when the store was opened.
 */
export async function withStore(
  place: StorePlace,
  work: (store: JobStore) => Promise<void>,
): Promise<void> {
  const store = await place.open();
  try {
    await work(store);
  } finally {
    await store.close();
  }
}

/** Opens the store anew: it must hold exactly this, or nothing if it promises nothing. */
export async function assertHolds(
  place: StorePlace,
  { durability }: StoreUnderTest,
  expected: { jobs?: readonly StoredJob[]; records?: Readonly<Record<string, Uint8Array>> },
): Promise<void> {
  await withStore(place, async (store) => {
    const held = await replayed(store);
    const keeps = durability !== "nothing";
    assertSameJobs(held.jobs, keeps ? expected.jobs ?? [] : []);
    assertSameRecords(held.records, keeps ? expected.records ?? {} : {});
  });
}

export function assertSameJobs(actual: readonly StoredJob[], expected: readonly StoredJob[]): void {
  assert.deepEqual(actual.map(({ key }) => key), expected.map(({ key }) => key), "keys of jobs");
  expected.forEach((job, i) => assertSameJob(actual[i]!, job));
}

function assertSameJob(actual: StoredJob, expected: StoredJob): void {
  const what = `job ${expected.key}`;
  assertSameBytes(actual.workload, expected.workload, `workload of ${what}`);
  const result = expected.outcome?.result;
  if (result !== undefined) {
    assert(actual.outcome !== null, `${what} has lost its outcome`);
    assertSameBytes(actual.outcome.result, result, `result of ${what}`);
  }
  assert.deepEqual(withoutBytes(actual), withoutBytes(expected), what);
}

/** A job's fields but for its byte arrays, which are compared on their own: they may be long. */
function withoutBytes(job: StoredJob): unknown {
  const { workload: _, outcome, ...rest } = job;
  if (outcome === null) return { ...rest, outcome };
  return { ...rest, finishedAt: outcome.finishedAt, expiresAt: outcome.expiresAt };
}

function assertSameRecords(
  actual: ReadonlyMap<string, Uint8Array>,
  expected: Readonly<Record<string, Uint8Array>>,
): void {
  assert.deepEqual([...actual.keys()].sort(), Object.keys(expected).sort(), "names of records");
  for (const [name, value] of Object.entries(expected)) {
    assertSameBytes(actual.get(name)!, value, `record "${name}"`);
  }
}

export function assertSameBytes(actual: Uint8Array, expected: Uint8Array, what: string): void {
  assert(actual instanceof Uint8Array, `${what} is no Uint8Array`);
  assert.equal(actual.length, expected.length, `length of ${what}`);
  assert(Buffer.compare(actual, expected) === 0, `${what} has other bytes`);
}

/** The promise must reject with a `StoreError` of this code. */
export async function assertRefuses(
  promise: Promise<unknown>,
  code: StoreErrorCode,
): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert(error instanceof StoreError, `expected a StoreError, got ${error}`);
    assert.equal(error.code, code, error.message);
    return true;
  });
}

import type {
  NamedRecord,
  StoreBatch,
  StoredJob,
  StoredJobUpdate,
} from "../../../src/plugin_api/mod.ts";

/** A moment in 2027, milliseconds. Beyond 32 bits, as every time of our days. */
export const A_MOMENT = 1_800_000_000_123;

/** An ordinary background job; `changes` make it a special one. */
export function sampleJob(key: number, changes: Partial<StoredJob> = {}): StoredJob {
  return {
    key,
    handle: `H:sample.example:${key}`,
    functionName: "resize",
    unique: `unique ${key}`,
    workload: bytesFrom(key, 64),
    priority: 1,
    notBefore: 0,
    reducer: "",
    acceptedAt: A_MOMENT + key,
    attempts: 0,
    namespace: "",
    state: "queued",
    outcome: null,
    ...changes,
  };
}

/** Ordinary jobs with these keys, from `first` on. */
export function sampleJobs(count: number, first = 1): StoredJob[] {
  return Array.from({ length: count }, (_, i) => sampleJob(first + i));
}

/** A batch from the parts given. */
export function batchOf(parts: Partial<StoreBatch>): StoreBatch {
  return { add: [], update: [], remove: [], put: [], ...parts };
}

/** An update that leaves the job queued. */
export function updateOf(key: number, changes: Partial<StoredJobUpdate> = {}): StoredJobUpdate {
  return { key, attempts: 0, notBefore: 0, state: "queued", outcome: null, ...changes };
}

export function recordOf(name: string, value: string | Uint8Array | null): NamedRecord {
  return { name, value: typeof value === "string" ? new TextEncoder().encode(value) : value };
}

/** Bytes that look random and are the same for the same seed (xorshift). */
export function bytesFrom(seed: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = (seed * 2654435761 + 1) >>> 0;
  for (let i = 0; i < length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state;
  }
  return bytes;
}

/** Every byte value once, in order. */
export const ALL_BYTES: Uint8Array = Uint8Array.from({ length: 256 }, (_, i) => i);

/** Every byte value that a name may have: all but NUL. Byte string. */
export const ALL_NAME_BYTES: string = String.fromCharCode(...ALL_BYTES.subarray(1));

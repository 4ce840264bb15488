import { StoreError } from "./store_error.ts";
import type { NamedRecord } from "./stored_job.ts";

/**
 * Names of the records that keep keys and handles from ever being used twice. Their values are
 * decimal numbers in ASCII: the next number that has certainly not been used. The server writes them
 * in blocks ahead of use; a store that adopts another server's queue reads and raises them.
 */
export const NEXT_KEY_RECORD = "next-key";
export const NEXT_HANDLE_RECORD = "next-handle";

/** The next job key and the next handle number that have certainly not been used; both from 1 on. */
export interface HighWater {
  readonly nextKey: number;
  readonly nextHandle: number;
}

/**
 * The marks among these records; 1 where there is none yet.
 * Throws a `StoreError` `DAMAGED` when a mark is not a number: numbering anew would reuse handles.
 */
export function highWaterFrom(records: Iterable<NamedRecord>): HighWater {
  let nextKey = 1;
  let nextHandle = 1;
  for (const record of records) {
    if (record.name === NEXT_KEY_RECORD) nextKey = markOf(record);
    else if (record.name === NEXT_HANDLE_RECORD) nextHandle = markOf(record);
  }
  return { nextKey, nextHandle };
}

/** The marks as records to be put. */
export function recordsOfHighWater(marks: HighWater): NamedRecord[] {
  return [
    { name: NEXT_KEY_RECORD, value: encoder.encode(String(marks.nextKey)) },
    { name: NEXT_HANDLE_RECORD, value: encoder.encode(String(marks.nextHandle)) },
  ];
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function markOf(record: NamedRecord): number {
  if (record.value === null) return 1;
  const text = decoder.decode(record.value);
  const mark = Number(text);
  if (/^[1-9][0-9]*$/.test(text) && Number.isSafeInteger(mark)) return mark;
  throw new StoreError(
    "DAMAGED",
    `Cannot number jobs: the store's record "${record.name}" is "${text.slice(0, 40)}", not a ` +
      `number; restore the store from a backup`,
  );
}

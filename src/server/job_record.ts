import type { JobEnd, JobExtras } from "../core/mod.ts";
import { decodeJson, encodeJson } from "./json_record.ts";

/**
 * What the store keeps of a job beside its row: its extras and, once it has ended and is kept, how.
 * Written and removed with the row, in the same commit.
 */
export interface JobRecord {
  readonly extras: JobExtras;
  readonly ending: JobEnding | null;
}

/** What the row's outcome does not say. */
export interface JobEnding {
  readonly end: JobEnd;
  /** When it was last given to a worker, milliseconds since 1970; null = never. */
  readonly assignedAt: number | null;
  readonly resultDropped: boolean;
}

const PREFIX = "job/";

export function jobRecordName(key: number): string {
  return `${PREFIX}${key}`;
}

/** The key in a record's name; undefined for records of another kind. */
export function keyOfJobRecord(name: string): number | undefined {
  if (!name.startsWith(PREFIX)) return undefined;
  const key = Number(name.slice(PREFIX.length));
  return Number.isSafeInteger(key) && key > 0 ? key : undefined;
}

/** Short names, because there may be a million of them. */
interface Written {
  readonly retain?: number;
  /** Hash of the key, fingerprint of the request, when it is forgotten. */
  readonly idem?: readonly [string, string, number];
  readonly end?: JobEnd;
  readonly at?: number;
  readonly dropped?: true;
}

export function encodeJobRecord(extras: JobExtras, ending: JobEnding | null): Uint8Array {
  const { retainMs, idempotency } = extras;
  const written: Written = {
    ...(retainMs === 0 ? {} : { retain: retainMs }),
    ...(idempotency === null
      ? {}
      : { idem: [idempotency.keyHash, idempotency.fingerprint, idempotency.expiresAt] }),
    ...(ending === null ? {} : { end: ending.end }),
    ...(ending === null || ending.assignedAt === null ? {} : { at: ending.assignedAt }),
    ...(ending?.resultDropped === true ? { dropped: true } : {}),
  };
  return encodeJson(written);
}

/** Undefined when the value cannot be read: the job is then one without extras. */
export function decodeJobRecord(value: Uint8Array): JobRecord | undefined {
  const written = decodeJson<Written>(value);
  if (written === undefined) return undefined;
  const { retain = 0, idem, end, at = null, dropped = false } = written;
  return {
    extras: {
      retainMs: retain,
      idempotency: idem === undefined
        ? null
        : { keyHash: idem[0], fingerprint: idem[1], expiresAt: idem[2] },
    },
    ending: end === undefined ? null : { end, assignedAt: at, resultDropped: dropped },
  };
}

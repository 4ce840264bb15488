import type { JobServer } from "../core/mod.ts";
import { type NamedRecord, NEXT_HANDLE_RECORD, NEXT_KEY_RECORD } from "../plugin_api/mod.ts";
import { byteStringFrom, encodeText } from "../protocol/mod.ts";

/** Numbers are reserved in blocks of this size: a restart after a crash skips at most one block. */
const BLOCK = 1_000_000;
/** A further block is reserved when fewer than this are left. */
const AHEAD = BLOCK / 2;

/**
 * Handles and keys are never used twice, also after a crash: the store knows a number ahead of all
 * that are in use. It is raised in blocks, together with whatever is committed next.
 */
export class NumberReserve {
  readonly #jobServer: JobServer;
  #handles = 0;
  #keys = 0;

  constructor(jobServer: JobServer) {
    this.#jobServer = jobServer;
  }

  get runsOut(): boolean {
    const { nextHandle, nextKey } = this.#jobServer;
    return nextHandle + AHEAD > this.#handles || nextKey + AHEAD > this.#keys;
  }

  /** Records that reserve the next block. */
  nextBlock(): NamedRecord[] {
    return records(this.#jobServer.nextHandle + BLOCK, this.#jobServer.nextKey + BLOCK);
  }

  /** Records that reserve nothing beyond what was used: for an orderly stop. */
  exactly(): NamedRecord[] {
    return records(this.#jobServer.nextHandle, this.#jobServer.nextKey);
  }

  /** `put` is durable. */
  reserved(put: readonly NamedRecord[]): void {
    for (const record of put) {
      if (record.name === NEXT_HANDLE_RECORD) this.#handles = numberIn(record);
      if (record.name === NEXT_KEY_RECORD) this.#keys = numberIn(record);
    }
  }
}

function records(nextHandle: number, nextKey: number): NamedRecord[] {
  return [
    { name: NEXT_HANDLE_RECORD, value: encodeText(`${nextHandle}`) },
    { name: NEXT_KEY_RECORD, value: encodeText(`${nextKey}`) },
  ];
}

/** The number in a high-water record; 1 where there is none. */
export function numberIn(record: NamedRecord): number {
  const number = record.value === null ? NaN : Number(byteStringFrom(record.value));
  return Number.isSafeInteger(number) && number > 0 ? number : 1;
}

import type { Idempotency, JobTable, Limits } from "../core/mod.ts";
import type { NamedRecord } from "../plugin_api/mod.ts";
import type { ByteString } from "../protocol/mod.ts";
import { decodeJson, encodeJson } from "./json_record.ts";
import type { IdempotencyKeys } from "./running_server.ts";

/** What a key stands for. */
interface KnownKey {
  readonly handle: ByteString;
  readonly fingerprint: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

export interface KnownKeysParts {
  readonly limits: Limits;
  readonly table: JobTable;
  now(): number;
  /** A record of a key whose job is no longer known is no longer needed. */
  drop(name: string): void;
}

const RECORDED = Promise.resolve(true);
const PREFIX = "idempotency/";
/** Expired keys are looked for when so many more have come. */
const SWEEP_EVERY = 1000;

/**
 * Idempotency keys by hash. A key is written in its job's record as long as the job or its outcome is
 * known; beyond that, until it expires, in a record of its own.
 */
export class KnownKeys implements IdempotencyKeys {
  readonly #parts: KnownKeysParts;
  /** Of jobs and outcomes. */
  readonly #attached = new Map<string, KnownKey>();
  /** Of jobs whose outcome is not known any more; the longest known first. */
  readonly #alone = new Map<string, KnownKey>();
  /** Keys of requests that joined a job, until the store knows them. */
  readonly #onTheWay = new Map<string, Promise<boolean>>();
  #sinceSweep = 0;

  constructor(parts: KnownKeysParts) {
    this.#parts = parts;
  }

  find(keyHash: string): { readonly handle: ByteString; readonly fingerprint: string } | undefined {
    const key = this.#attached.get(keyHash) ?? this.#alone.get(keyHash);
    if (key === undefined || key.expiresAt <= this.#parts.now()) return undefined;
    return this.#isWithdrawn(key.handle) ? undefined : key;
  }

  recorded(keyHash: string): Promise<boolean> {
    return this.#onTheWay.get(keyHash) ?? RECORDED;
  }

  /** A request joined a job: its key is known at once, and stored when `written` settles. */
  storing(idempotency: Idempotency, handle: ByteString, written: Promise<void>): void {
    const { keyHash } = idempotency;
    const recorded: Promise<boolean> = written.then(() => true, () => {
      this.withdraw(idempotency, handle);
      this.forget(idempotency, handle);
      return false;
    }).finally(() => {
      if (this.#onTheWay.get(keyHash) === recorded) this.#onTheWay.delete(keyHash);
    });
    this.#onTheWay.set(keyHash, recorded);
  }

  /** Abandoned before it ran: it is still listed, but the request may be made again. */
  #isWithdrawn(handle: ByteString): boolean {
    const job = this.#parts.table.findJob(handle);
    return job !== undefined && job.ignored && job.end === null && job.state !== "running";
  }

  /** The key of a job, or of an outcome. */
  attach(idempotency: Idempotency, handle: ByteString): void {
    const { keyHash, fingerprint, expiresAt } = idempotency;
    if (this.#alone.delete(keyHash)) this.#parts.drop(recordName(keyHash));
    this.#attached.set(keyHash, { handle, fingerprint, expiresAt });
  }

  /** The job came to nothing, or its key has expired with its outcome. */
  forget(idempotency: Idempotency, handle: ByteString): void {
    const { keyHash } = idempotency;
    if (this.#attached.get(keyHash)?.handle === handle) this.#attached.delete(keyHash);
  }

  /**
   * The key goes on by itself, without a job's record. Answers what the store is to know of it;
   * undefined when the key is not this job's, or has expired.
   */
  keepAlone(idempotency: Idempotency, handle: ByteString): NamedRecord | undefined {
    const { keyHash, fingerprint, expiresAt } = idempotency;
    if ((this.#attached.get(keyHash)?.handle ?? handle) !== handle) return undefined;
    this.#attached.delete(keyHash);
    if (expiresAt <= this.#parts.now()) return undefined;
    this.#addAlone(keyHash, { handle, fingerprint, expiresAt });
    return {
      name: recordName(keyHash),
      value: encodeJson({ handle, fingerprint, expires: expiresAt }),
    };
  }

  /** A job came to nothing that the key's request had joined. */
  withdraw({ keyHash }: Idempotency, handle: ByteString): void {
    if (this.#alone.get(keyHash)?.handle === handle) this.#dropAlone(keyHash);
  }

  /** Takes up a record of the store; answers false when it is of another kind. */
  takeUp({ name, value }: NamedRecord): boolean {
    if (!name.startsWith(PREFIX)) return false;
    const written = value === null
      ? undefined
      : decodeJson<{ handle: ByteString; fingerprint: string; expires: number }>(value);
    const expiresAt = written?.expires ?? 0;
    if (written === undefined || expiresAt <= this.#parts.now()) this.#parts.drop(name);
    else this.#addAlone(name.slice(PREFIX.length), { ...written, expiresAt });
    return true;
  }

  #addAlone(keyHash: string, { handle, fingerprint, expiresAt }: KnownKey): void {
    this.#alone.delete(keyHash);
    this.#alone.set(keyHash, { handle, fingerprint, expiresAt });
    if (++this.#sinceSweep >= SWEEP_EVERY) this.#sweep();
    for (const [oldest] of this.#alone) {
      if (this.#alone.size <= this.#parts.limits.maxIdempotencyKeys) return;
      this.#dropAlone(oldest);
    }
  }

  #sweep(): void {
    this.#sinceSweep = 0;
    const now = this.#parts.now();
    for (const [keyHash, { expiresAt }] of [...this.#alone]) {
      if (expiresAt <= now) this.#dropAlone(keyHash);
    }
  }

  #dropAlone(keyHash: string): void {
    this.#alone.delete(keyHash);
    this.#parts.drop(recordName(keyHash));
  }
}

function recordName(keyHash: string): string {
  return `${PREFIX}${keyHash}`;
}

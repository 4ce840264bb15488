/** An `Idempotency-Key` that came with a job. */
export interface Idempotency {
  /** Hash of the key and of whom it belongs to: 64 hexadecimal digits. */
  readonly keyHash: string;
  /** Hash of the request, to tell a repetition from another request: 64 hexadecimal digits. */
  readonly fingerprint: string;
  /** When the key is forgotten, milliseconds since 1970. */
  readonly expiresAt: number;
}

/**
 * What a job carries that gearmand's jobs don't have. Jobs of the binary protocol have none (null).
 * Kept in the store with the job.
 */
export interface JobExtras {
  /** How long the job's outcome is kept after its end, milliseconds; 0 = not at all. */
  readonly retainMs: number;
  readonly idempotency: Idempotency | null;
}

/**
 * What a job carries when a submission with `added` joins it: the longer time, and the key of the
 * first that had one. Answers `extras` itself when nothing is new.
 */
export function raisedExtras(extras: JobExtras | null, added: JobExtras | null): JobExtras | null {
  if (added === null) return extras;
  const retainMs = Math.max(extras?.retainMs ?? 0, added.retainMs);
  const idempotency = extras?.idempotency ?? added.idempotency;
  const isNew = retainMs > (extras?.retainMs ?? 0) || idempotency !== (extras?.idempotency ?? null);
  return isNew ? { retainMs, idempotency } : extras;
}

const STORE_ERROR_CODES = [
  "INVALID_OPTION",
  "CANNOT_OPEN",
  "LOCKED",
  "DAMAGED",
  "READ_ONLY",
  "FULL",
  "AWAY",
  "UNKNOWN_OUTCOME",
  "TOO_LARGE",
  "TAKEN_OVER",
  "CLOSED",
  "FAILED",
] as const;

/**
 * Why a store refused:
 * - `INVALID_OPTION`: an option's value makes no sense; the message names it.
 * - `CANNOT_OPEN`: the store cannot be opened or created (missing folder, permissions, no server, a
 *   schema that is newer than this program).
 * - `LOCKED`: another process holds it.
 * - `DAMAGED`: what is stored cannot be read; nothing is served from it silently.
 * - `READ_ONLY`, `FULL`: it cannot be written now; may go away without a restart.
 * - `AWAY`: it cannot be reached now; may go away without a restart.
 * - `UNKNOWN_OUTCOME`: the answer to a commit was lost, or a write failed half-way; the same batch
 *   may be repeated.
 * - `TOO_LARGE`: one job is bigger than the store takes; repeating does not help.
 * - `TAKEN_OVER`: another server holds it now; this one must write nothing any more, ever.
 * - `CLOSED`: used after `close`.
 * - `FAILED`: anything else; see `cause`.
 */
export type StoreErrorCode = (typeof STORE_ERROR_CODES)[number];

/** A store's failure. The message tells the operator what to do. */
export class StoreError extends Error {
  readonly code: StoreErrorCode;
  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "StoreError";
    this.code = code;
  }

  /** Whether the same commit may succeed later without anybody changing the batch. */
  get retryable(): boolean {
    return RETRYABLE.has(this.code);
  }
}

const RETRYABLE: ReadonlySet<StoreErrorCode> = new Set<StoreErrorCode>([
  "LOCKED",
  "READ_ONLY",
  "FULL",
  "AWAY",
  "UNKNOWN_OUTCOME",
]);

/**
 * Any error as a `StoreError`: one that has a code of the list keeps it, whatever its class, so that a plugin
 * from a file needs nothing of this program; any other is `FAILED`.
 */
export function asStoreError(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const { code, message } = Object(error) as { code?: unknown; message?: unknown };
  const known = STORE_ERROR_CODES.find((one) => one === code) ?? "FAILED";
  return new StoreError(known, String(message ?? error), { cause: error });
}

/**
 * What an opening that failed is told as. At the start a server that is away is a reason to end: whoever
 * started this sees why at once.
 */
export function openingFault(error: unknown): unknown {
  if (!(error instanceof StoreError) || !ENDS_OPENING.has(error.code)) return error;
  return new StoreError("CANNOT_OPEN", error.message, { cause: error });
}

const ENDS_OPENING: ReadonlySet<StoreErrorCode> = new Set<StoreErrorCode>([
  "AWAY",
  "UNKNOWN_OUTCOME",
  "FAILED",
]);

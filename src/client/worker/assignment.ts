/** A job as the server assigned it (JOB_ASSIGN, JOB_ASSIGN_UNIQ, JOB_ASSIGN_ALL). */
export interface Assignment {
  /** Byte string. */
  readonly handle: string;
  /** Byte string. */
  readonly functionName: string;
  /** Byte string. */
  readonly unique: string;
  /** Byte string; empty for ordinary jobs. */
  readonly reducer: string;
  readonly workload: Uint8Array;
}

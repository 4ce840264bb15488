/** What a server knows of a job (GET_STATUS, GET_STATUS_UNIQUE). */
export interface JobStatus {
  /** False when the job is over, or never was on that server. */
  readonly known: boolean;
  /** A worker has it. */
  readonly running: boolean;
  /** Progress as the worker reported it: `numerator` of `denominator`, both 0 before. */
  readonly numerator: number;
  /** See `numerator`. */
  readonly denominator: number;
  /** Clients that wait for it; only in answers by unique ID. */
  readonly clients?: number;
}

/** The fields behind the handle or unique ID of a STATUS_RES or STATUS_RES_UNIQUE. */
export function statusFrom(fields: readonly string[]): JobStatus {
  const [known, running, numerator, denominator, clients] = fields.map(Number);
  return {
    known: known === 1,
    running: running === 1,
    numerator: numerator || 0,
    denominator: denominator || 0,
    ...(clients === undefined ? {} : { clients }),
  };
}

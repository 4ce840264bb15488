/**
 * How far a replay has come, and what is still to come. Survives the reopening of the database, and
 * knows which commits meanwhile make the counts meaningless.
 */
export class ReplayPosition {
  /** Name of the last record read; names are never empty. Null when all are read. */
  record: string | null = "";
  /** Key of the last job read. */
  job = 0;
  /** Key of the last job that was there when the database was opened. */
  readonly end: number;
  #jobsLeft: number;
  #recordsLeft: number;
  #jobsCertain = true;
  #recordsCertain = true;

  /** `jobs` and `records` are how many the database says it holds. */
  constructor(end: number, jobs: number, records: number) {
    this.end = end;
    this.#jobsLeft = jobs;
    this.#recordsLeft = records;
  }

  /** A commit removes this job. */
  jobRemoved(key: number): void {
    if (key > this.job && key <= this.end) this.#jobsCertain = false;
  }

  /** A commit puts or removes a record. */
  recordPut(): void {
    if (this.record !== null) this.#recordsCertain = false;
  }

  jobsRead(count: number): void {
    this.#jobsLeft -= count;
  }

  recordsRead(count: number): void {
    this.#recordsLeft -= count;
  }

  /** At the end: how many jobs were not found, or found too often. */
  get jobsMissing(): number {
    return this.#jobsCertain ? this.#jobsLeft : 0;
  }

  /** At the end of the records: how many were not found, or found too often. */
  get recordsMissing(): number {
    return this.#recordsCertain ? this.#recordsLeft : 0;
  }
}

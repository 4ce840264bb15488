/** What a player knows of a job: only what it must, to leave out where servers are known to differ. */
export interface KnownJob {
  readonly handle: string;
  readonly name: number;
  /** What submissions join it by; undefined when none can. */
  readonly key: string | undefined;
  readonly background: boolean;
  /** Connections that wait for it, one entry per submission. */
  readonly clients: number[];
  /** Who runs it. */
  holder: number | undefined;
  /** Cancelled, or its clients left. */
  givenUp: boolean;
}

/** The jobs of a play. */
export class Book {
  readonly #jobs = new Map<string, KnownJob>();
  /** Keys of jobs that were given up: what becomes of a submission that joins them differs. */
  readonly #spoilt = new Set<string>();
  #handles: string[] = [];

  get live(): KnownJob[] {
    return [...this.#jobs.values()];
  }

  /** Handles of all jobs there ever were. */
  get handles(): readonly string[] {
    return this.#handles;
  }

  byKey(key: string): KnownJob | undefined {
    return this.live.find((job) => job.key === key);
  }

  isSpoilt(key: string): boolean {
    return this.#spoilt.has(key);
  }

  heldBy(peer: number): KnownJob[] {
    return this.live.filter((job) => job.holder === peer);
  }

  find(handle: string): KnownJob | undefined {
    return this.#jobs.get(handle);
  }

  /** JOB_CREATED came. */
  created(job: Omit<KnownJob, "holder" | "givenUp" | "clients">, client: number | undefined): void {
    let known = this.#jobs.get(job.handle);
    if (known === undefined) {
      known = { ...job, clients: [], holder: undefined, givenUp: false };
      this.#jobs.set(job.handle, known);
      this.#handles.push(job.handle);
    }
    if (client !== undefined) known.clients.push(client);
  }

  ended(job: KnownJob): void {
    this.#jobs.delete(job.handle);
  }

  /** A worker of a function was given nothing: what was given up there is forgotten. */
  dropGivenUp(name: number): void {
    for (const job of this.live) {
      if (job.name === name && job.givenUp && job.holder === undefined) this.ended(job);
    }
  }

  giveUp(job: KnownJob): void {
    job.givenUp = true;
    job.clients.length = 0;
    if (job.key !== undefined) this.#spoilt.add(job.key);
  }
}

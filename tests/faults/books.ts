import type { ByteString } from "../../src/protocol/mod.ts";
import type { Attempt, LoggedEvent, StopKind } from "./job_log.ts";

/** What the books found so far. Every fault is a sentence; a sound server leaves all lists empty. */
export interface Faults {
  /** Acknowledged background jobs that were never finished, after a full drain. */
  readonly lost: string[];
  /** Jobs that nobody submitted, or not like that. */
  readonly unexpected: string[];
  /** Handles that stood for two jobs. */
  readonly reused: string[];
  /** Jobs given out again although it was settled that they were done. */
  readonly unexcused: string[];
  /** Acknowledged, unfinished jobs that the server did not know when asked. */
  readonly forgotten: string[];
  /** Jobs that the server still knew after it was settled that they were done. */
  readonly risen: string[];
  /** Jobs that were run before their time. */
  readonly early: string[];
}

export interface Totals {
  readonly attempted: number;
  readonly acknowledged: number;
  readonly refused: number;
  /** Neither acknowledged nor refused: the answer was cut off. */
  readonly unclear: number;
  /** Jobs (not attempts) that were finished at least once. */
  readonly completed: number;
  /** Jobs whose attempts are all unclear, and that were run all the same. */
  readonly recovered: number;
  /** Jobs that were finished more than once, each time excused by a stop or a death in between. */
  readonly duplicated: number;
}

interface Finish {
  /** When the server had certainly read it; undefined when the connection ended before. */
  processed: number | undefined;
  /** The server it was sent to has ended since. */
  stopped: boolean;
  /** The server has certainly removed the job for good. */
  settled: boolean;
}

interface JobRecord {
  readonly handle: ByteString;
  readonly acknowledged: Attempt[];
  /** Acknowledged by a background attempt: it must be done whatever happens. */
  durable: boolean;
  /** The attempt that its workload belongs to, once a worker has seen it. */
  content: Attempt | undefined;
  readonly finishes: Finish[];
}

/**
 * Adds up what clients and workers saw, event by event in the order of their ticks: attempted,
 * acknowledged, completed, lost, unexpected, duplicated, recovered, as Jepsen's total-queue checker
 * does, and what handles mean.
 */
export class Books {
  readonly faults: Faults = {
    lost: [],
    unexpected: [],
    reused: [],
    unexcused: [],
    forgotten: [],
    risen: [],
    early: [],
  };
  readonly #attempts = new Map<number, Attempt>();
  readonly #answered = new Set<number>();
  readonly #refused = new Set<number>();
  readonly #jobs = new Map<ByteString, JobRecord>();
  /** Finishes sent to the server that runs now. */
  #current: Finish[] = [];
  /** When the latest attempt was sent that was acknowledged by this server and needed a commit. */
  #committed = 0;
  readonly #sentAt = new Map<number, number>();
  #acknowledged = 0;

  enter(event: LoggedEvent): void {
    switch (event.kind) {
      case "attempted":
        this.#attempts.set(event.attempt.number, event.attempt);
        this.#sentAt.set(event.attempt.number, event.tick);
        break;
      case "acknowledged":
        this.#acknowledge(event.attempt, event.handle);
        break;
      case "refused":
        this.#answered.add(event.attempt);
        this.#refused.add(event.attempt);
        break;
      case "assigned":
        this.#assign(event);
        break;
      case "finished":
        this.#finish(event.handle);
        break;
      case "processed":
        this.#processed(event.handle, event.tick);
        break;
      case "status":
        this.#status(event.handle, event.known);
        break;
      case "stopped":
        this.#stop(event.how);
    }
  }

  /** Handles of jobs that must still be done. */
  owed(): ByteString[] {
    return this.#handles((job) => job.durable && job.finishes.length === 0);
  }

  /** Handles of jobs that must never be seen again. */
  settled(): ByteString[] {
    return this.#handles((job) => job.finishes.some((finish) => finish.settled));
  }

  /** To be called after a full drain: what is still owed now is lost. */
  close(): Totals {
    let completed = 0;
    let duplicated = 0;
    let recovered = 0;
    for (const job of this.#jobs.values()) {
      const times = job.finishes.length;
      if (times > 0) completed++;
      if (times > 1) duplicated++;
      if (times > 0 && job.acknowledged.length === 0) recovered++;
      if (times === 0 && job.durable) {
        this.faults.lost.push(`${job.handle}: ${job.acknowledged.map(describe).join("; ")}`);
      }
    }
    return {
      attempted: this.#attempts.size,
      acknowledged: this.#acknowledged,
      refused: this.#refused.size,
      unclear: this.#attempts.size - this.#answered.size,
      completed,
      recovered,
      duplicated,
    };
  }

  #handles(matches: (job: JobRecord) => boolean): ByteString[] {
    return [...this.#jobs.values()].filter(matches).map((job) => job.handle);
  }

  #job(handle: ByteString): JobRecord {
    let job = this.#jobs.get(handle);
    if (job === undefined) {
      job = { handle, acknowledged: [], durable: false, content: undefined, finishes: [] };
      this.#jobs.set(handle, job);
    }
    return job;
  }

  #acknowledge(number: number, handle: ByteString): void {
    const attempt = this.#attempts.get(number);
    this.#answered.add(number);
    if (attempt === undefined) {
      this.faults.unexpected.push(`${handle}: acknowledged for attempt ${number}, never made`);
      return;
    }
    this.#acknowledged++;
    const job = this.#job(handle);
    const other = job.content ?? job.acknowledged[0];
    if (other !== undefined && !mayShare(other, attempt)) {
      this.faults.reused.push(`${handle}: ${describe(other)}, then ${describe(attempt)}`);
    }
    const sentAt = this.#sentAt.get(number)!;
    // Jobs that end while the answer is on its way are as they should be. Attempts with `-` are made
    // again under the same number, so that it is not known which of them this answers.
    const wasOver = (finish: Finish) => isOver(finish) && finish.processed! < sentAt;
    if (attempt.unique !== "-" && job.finishes.some(wasOver)) {
      this.faults.reused.push(`${handle}: done, then acknowledged for ${describe(attempt)}`);
    }
    job.acknowledged.push(attempt);
    job.durable ||= attempt.background;
    // Only a job of its own certainly needed a commit: one that joins may be stored already.
    if (attempt.background && attempt.unique === "") {
      this.#committed = Math.max(this.#committed, sentAt);
    }
  }

  #assign(event: LoggedEvent & { kind: "assigned" }): void {
    const job = this.#job(event.handle);
    const attempt = event.attempt === undefined ? undefined : this.#attempts.get(event.attempt);
    if (attempt === undefined) {
      this.faults.unexpected.push(`${event.handle}: a workload that nobody submitted`);
      return;
    }
    if (
      attempt.functionName !== event.functionName || attempt.unique !== event.unique ||
      attempt.reducer !== (event.reducer ?? attempt.reducer)
    ) {
      const { functionName, unique, reducer } = event;
      const seen = JSON.stringify([functionName, unique, reducer]);
      this.faults.unexpected.push(
        `${event.handle}: given out as ${seen}, was ${describe(attempt)}`,
      );
    }
    if (this.#refused.has(attempt.number) && job.acknowledged.length === 0) {
      this.faults.unexpected.push(`${event.handle}: run though refused, ${describe(attempt)}`);
    }
    if (attempt.notBefore > Math.floor(event.at / 1000)) {
      const when = `due at ${attempt.notBefore} s, given out at ${event.at / 1000} s`;
      this.faults.early.push(`${event.handle}: ${when}`);
    }
    if (job.finishes.some(isOver)) {
      this.faults.unexcused.push(`${event.handle}: given out again, ${describe(attempt)}`);
    }
    this.#seeContent(job, attempt);
  }

  #seeContent(job: JobRecord, attempt: Attempt): void {
    if (job.content === undefined) {
      job.content = attempt;
      const stranger = job.acknowledged.find((other) => !mayShare(other, attempt));
      if (stranger === undefined) return;
      this.faults.reused.push(
        `${job.handle}: acknowledged for ${describe(stranger)}, is ${describe(attempt)}`,
      );
    } else if (job.content.number !== attempt.number) {
      this.faults.reused.push(
        `${job.handle}: was ${describe(job.content)}, is ${describe(attempt)}`,
      );
    }
  }

  #finish(handle: ByteString): void {
    const finish: Finish = { processed: undefined, stopped: false, settled: false };
    this.#job(handle).finishes.push(finish);
    this.#current.push(finish);
  }

  #processed(handle: ByteString, tick: number): void {
    const finish = this.#job(handle).finishes.at(-1);
    if (finish !== undefined) finish.processed = tick;
  }

  /**
   * What a stop leaves behind. Removals are committed no later than jobs that were accepted after
   * them: so a finish is settled when a job was acknowledged that was sent after the server had read
   * the finish. An orderly stop settles all that was read.
   */
  #stop(how: StopKind): void {
    for (const finish of this.#current) {
      const { processed } = finish;
      finish.stopped = true;
      finish.settled = processed !== undefined &&
        (how !== "kill -9" || processed < this.#committed);
    }
    this.#current = [];
    this.#committed = 0;
  }

  #status(handle: ByteString, known: boolean): void {
    const job = this.#job(handle);
    if (!known && job.durable && job.finishes.length === 0) {
      this.faults.forgotten.push(`${handle}: ${job.acknowledged.map(describe).join("; ")}`);
    }
    if (known && job.finishes.some(isOver)) this.faults.risen.push(`${handle}: known, though done`);
  }
}

/** Whether the job cannot come back: the server that read the finish still runs, or it is settled. */
function isOver({ processed, stopped, settled }: Finish): boolean {
  return settled || (processed !== undefined && !stopped);
}

/** Whether one attempt may have been answered with the job of the other. */
function mayShare(a: Attempt, b: Attempt): boolean {
  if (a.number === b.number) return true;
  // With `-` the workload is the key, and the workload holds the number.
  return a.functionName === b.functionName && a.unique === b.unique && a.unique !== "" &&
    a.unique !== "-";
}

function describe(attempt: Attempt): string {
  const { number, functionName, unique, background } = attempt;
  return `attempt ${number} (${background ? "background" : "foreground"} ` +
    `${JSON.stringify(functionName)}, unique ${JSON.stringify(unique)})`;
}

import type { ByteString } from "../../src/protocol/mod.ts";

/** One submission, as its client made it. */
export interface Attempt {
  /** Stands in the workload (or, when that is empty, in the unique ID). */
  readonly number: number;
  readonly functionName: ByteString;
  /** Empty: never joins another job. `-`: joins one with the same workload. */
  readonly unique: ByteString;
  readonly background: boolean;
  readonly reducer: ByteString;
  /** Epoch seconds before which it must not run; 0 = at once. */
  readonly notBefore: number;
}

/** How the server was made to end. */
export type StopKind = "kill -9" | "SIGTERM" | "SIGUSR1";

/** What a client or a worker saw or did. */
export type JobEvent =
  | { readonly kind: "attempted"; readonly attempt: Attempt }
  /** JOB_CREATED came for it. */
  | { readonly kind: "acknowledged"; readonly attempt: number; readonly handle: ByteString }
  /** ERROR came for it. */
  | { readonly kind: "refused"; readonly attempt: number; readonly code: ByteString }
  /** A worker was given a job. `attempt`: as its workload says; undefined when that is damaged. */
  | {
    readonly kind: "assigned";
    readonly handle: ByteString;
    readonly attempt: number | undefined;
    readonly functionName: ByteString;
    readonly unique: ByteString;
    /** Undefined where the packet does not carry it. */
    readonly reducer: ByteString | undefined;
    /** Milliseconds since 1970. */
    readonly at: number;
  }
  /** The worker has sent WORK_COMPLETE, WORK_FAIL or WORK_EXCEPTION. */
  | { readonly kind: "finished"; readonly handle: ByteString }
  /** The server has answered something that the worker sent after that. */
  | { readonly kind: "processed"; readonly handle: ByteString }
  /** The server was asked for the job's status. */
  | { readonly kind: "status"; readonly handle: ByteString; readonly known: boolean }
  /** The server has ended, and all that it sent has been read. */
  | { readonly kind: "stopped"; readonly how: StopKind };

/** An event and its place in the order of all events. */
export type LoggedEvent = JobEvent & { readonly tick: number };

/** What one client or worker saw, in its order. Only ever added to; the server knows nothing of it. */
export class JobLog {
  readonly owner: string;
  readonly #place: (event: JobEvent) => LoggedEvent;
  readonly #events: LoggedEvent[] = [];

  /** `place` gives each event its place in the order of all logs. */
  constructor(owner: string, place: (event: JobEvent) => LoggedEvent) {
    this.owner = owner;
    this.#place = place;
  }

  get events(): readonly LoggedEvent[] {
    return this.#events;
  }

  add(event: JobEvent): void {
    this.#events.push(this.#place(event));
  }
}

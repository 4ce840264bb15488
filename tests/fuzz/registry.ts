import type { ByteString, PacketTypeName } from "../../src/protocol/mod.ts";
import { payloadFor, sameBytes, tagIn } from "./payload.ts";
import { Violation } from "./violation.ts";

/** A submission of a sound peer. */
export interface SoundAttempt {
  /** Begins the workload; for an empty workload it is the unique ID. */
  readonly tag: ByteString;
  readonly functionName: ByteString;
  readonly unique: ByteString;
  readonly reducer: ByteString;
  /** Length of the workload. */
  readonly length: number;
}

interface SoundJob {
  /** What its workload belongs to, or one of the attempts that share it. */
  attempt: SoundAttempt;
  /** Whether `attempt` is what the workload says. */
  seen: boolean;
}

interface SentResult {
  readonly handle: ByteString;
  readonly type: PacketTypeName;
  readonly length: number;
}

const HANDLE = /^F:fuzz:\d+$/;

/** What all sound peers of a campaign know together: each packet that one gets is compared with it. */
export class Registry {
  readonly #attempts = new Map<ByteString, SoundAttempt>();
  readonly #jobs = new Map<ByteString, SoundJob>();
  readonly #results = new Map<ByteString, SentResult>();
  readonly #holders = new Map<ByteString, object>();
  /** Jobs that a worker or a `cancel` may have failed. */
  readonly #failed = new Set<ByteString>();
  readonly #handles: ByteString[] = [];
  /** How many packets of each type sound peers got. */
  readonly tally = new Map<PacketTypeName, number>();

  came(name: PacketTypeName): void {
    this.tally.set(name, (this.tally.get(name) ?? 0) + 1);
  }

  attempted(attempt: SoundAttempt): void {
    this.#attempts.set(attempt.tag, attempt);
  }

  /** JOB_CREATED came for an attempt. */
  created(handle: ByteString, attempt: SoundAttempt): void {
    if (!HANDLE.test(handle)) throw new Violation(`JOB_CREATED with handle ${quoted(handle)}`);
    const job = this.#jobs.get(handle);
    if (job === undefined) {
      this.#jobs.set(handle, { attempt, seen: false });
      this.#handles.push(handle);
    } else if (!mayShare(job.attempt, attempt)) {
      throw new Violation(
        `JOB_CREATED ${handle} for ${describe(attempt)}, but it is ${describe(job.attempt)}`,
      );
    }
  }

  /** JOB_ASSIGN came. `keeper` is the worker; undefined when it has given the job up meanwhile. */
  assigned(
    given: {
      readonly handle: ByteString;
      readonly functionName: ByteString;
      /** Undefined where the packet carries none. */
      readonly unique: ByteString | undefined;
      readonly reducer: ByteString | undefined;
      readonly workload: Uint8Array;
    },
    keeper: object | undefined,
  ): void {
    const { handle, workload } = given;
    if (!HANDLE.test(handle)) throw new Violation(`JOB_ASSIGN with handle ${quoted(handle)}`);
    if (keeper !== undefined) {
      if (this.#holders.has(handle)) {
        throw new Violation(`${handle} given out while another worker has it`);
      }
      this.#holders.set(handle, keeper);
    }
    // A job without workload is told by its unique ID, which GRAB_JOB does not bring.
    if (workload.length === 0 && given.unique === undefined) return;
    const attempt = this.#attemptOf(given.unique, handle, workload);
    if (
      attempt.functionName !== given.functionName ||
      attempt.unique !== (given.unique ?? attempt.unique) ||
      attempt.reducer !== (given.reducer ?? attempt.reducer)
    ) {
      throw new Violation(
        `${handle} given out as ${quoted(given.functionName)} unique ${quoted(given.unique)} ` +
          `reducer ${quoted(given.reducer)}, submitted was ${describe(attempt)}`,
      );
    }
    const job = this.#jobs.get(handle);
    if (job === undefined) {
      this.#jobs.set(handle, { attempt, seen: true });
      this.#handles.push(handle);
    } else if (job.seen ? job.attempt !== attempt : !mayShare(job.attempt, attempt)) {
      throw new Violation(
        `${handle} is ${describe(job.attempt)}, given out was ${describe(attempt)}`,
      );
    } else {
      job.attempt = attempt;
      job.seen = true;
    }
  }

  /** A worker gives a job up, or has finished it: others may get it from now on. */
  released(handle: ByteString, worker: object): void {
    if (this.#holders.get(handle) === worker) this.#holders.delete(handle);
  }

  /** A worker sent a result; `tag` begins its data. */
  resultSent(tag: ByteString, result: SentResult): void {
    this.#results.set(tag, result);
  }

  mayFail(handle: ByteString): void {
    this.#failed.add(handle);
  }

  /** A client got a packet about a job: it must be what a worker sent for that job. */
  resultReceived(type: PacketTypeName, handle: ByteString, data: Uint8Array): void {
    if (type === "WORK_FAIL") {
      if (this.#failed.has(handle)) return;
      throw new Violation(`WORK_FAIL for ${handle}, which nobody failed`);
    }
    const tag = tagIn(data);
    const sent = tag === undefined ? undefined : this.#results.get(tag);
    if (tag === undefined || sent === undefined) {
      throw new Violation(`${type} for ${handle} with data that no worker sent`);
    }
    if (sent.handle !== handle || sent.type !== type) {
      throw new Violation(`${type} for ${handle}, sent was ${sent.type} for ${sent.handle}`);
    }
    if (!sameBytes(data, payloadFor(tag, sent.length))) {
      throw new Violation(`${type} for ${handle} with data that has changed on its way`);
    }
  }

  /** A handle that some peer has seen. */
  someHandle(index: number): ByteString | undefined {
    return this.#handles[index % Math.max(1, this.#handles.length)];
  }

  #attemptOf(
    unique: ByteString | undefined,
    handle: ByteString,
    workload: Uint8Array,
  ): SoundAttempt {
    const tag = workload.length === 0 ? unique : tagIn(workload);
    const attempt = tag === undefined ? undefined : this.#attempts.get(tag);
    if (attempt === undefined) throw new Violation(`${handle} given out, but nobody submitted it`);
    const expected = attempt.length === 0 ? new Uint8Array(0) : payloadFor(tag!, attempt.length);
    if (!sameBytes(workload, expected)) {
      throw new Violation(`${handle} given out with another workload than ${describe(attempt)}`);
    }
    return attempt;
  }
}

function mayShare(a: SoundAttempt, b: SoundAttempt): boolean {
  if (a.tag === b.tag) return true;
  return a.functionName === b.functionName && a.unique === b.unique && a.unique !== "" &&
    a.unique !== "-";
}

function describe(attempt: SoundAttempt): string {
  return `${attempt.tag} (${quoted(attempt.functionName)}, unique ${quoted(attempt.unique)}, ` +
    `${attempt.length} bytes)`;
}

export function quoted(text: ByteString | undefined): string {
  return JSON.stringify(text) ?? "none";
}

import type { Client, ClientPort, Job, JobEnd } from "../../core/mod.ts";
import { joinBytes, type Packet, PacketType } from "../../protocol/mod.ts";
import type { Gateway } from "../gateway.ts";
import type { WaitKind } from "../waits.ts";

/**
 * What a call's waiting came to. `ended`: the job is over, `end` says how; `bytes` is the result or
 * the exception. `refused`: the store did not take the job. `too large`: the result passed what may
 * wait to be sent. `begun anew`: its worker was lost after pieces of the result had been passed on.
 * `elapsed`: the time is over. `gone`: the caller left.
 */
export type WaitOutcome =
  | { readonly kind: "ended"; readonly end: JobEnd; readonly bytes: Uint8Array }
  | { readonly kind: "refused" | "too large" | "begun anew" | "elapsed" | "gone" };

export interface WaitPlan {
  readonly kind: WaitKind;
  readonly caller: string;
  /** Milliseconds; Infinity = until the job's end. */
  readonly ms: number;
  readonly signal: AbortSignal;
  /** Called when the time is over, while the job still is as it was. */
  readonly onElapsed?: () => void;
  /** Gets each WORK_DATA piece at once; without it the pieces are gathered for the outcome. */
  readonly onPiece?: (piece: Uint8Array) => void;
}

const NOTHING = new Uint8Array(0);

/**
 * One HTTP call as a client of the core: waits for the result of the job that it is submitted with.
 * Whatever ends the waiting also ends the attachment, so that a foreground job that nobody waits for
 * is withdrawn (protocol section 11).
 */
export class JobWait implements ClientPort {
  readonly client: Client;
  /** WORK_WARNING packets so far. */
  warnings = 0;
  /** Settles once; never rejects. */
  readonly outcome: Promise<WaitOutcome>;
  readonly #gateway: Gateway;
  readonly #onPiece: ((piece: Uint8Array) => void) | undefined;
  readonly #signal: AbortSignal;
  readonly #endCount: () => void;
  readonly #cancelTimer: () => void;
  readonly #gone = (): void => this.#settle({ kind: "gone" });
  #resolve: (outcome: WaitOutcome) => void = () => {};
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  /** The attempt that the pieces are of, as `Job.attempts` counts. */
  #attempt = 0;
  #settled = false;

  /** Begins to count and to wait. Throws the problem `too-many-requests` at a bound. */
  constructor(gateway: Gateway, plan: WaitPlan) {
    this.#gateway = gateway;
    this.#onPiece = plan.onPiece;
    this.#signal = plan.signal;
    this.#endCount = gateway.waits.begin(plan.kind, plan.caller);
    this.outcome = new Promise((resolve) => this.#resolve = resolve);
    this.client = gateway.server.act((jobServer) => jobServer.connectClient(this));
    this.client.wantsExceptions = true;
    this.#cancelTimer = plan.ms === Infinity
      ? () => {}
      : gateway.server.clock.later(plan.ms, () => {
        plan.onElapsed?.();
        this.#settle({ kind: "elapsed" });
      });
    if (plan.signal.aborted) this.#gone();
    else plan.signal.addEventListener("abort", this.#gone, { once: true });
  }

  /** Ends the waiting, if it has not ended. */
  leave(): void {
    this.#gone();
  }

  /** The store did not take the job. */
  refuse(): void {
    this.#settle({ kind: "refused" });
  }

  // From the core

  workPacket(job: Job, packet: Packet): void {
    switch (packet.shape.type) {
      case PacketType.WORK_DATA:
        return this.#piece(job, packet.takeData());
      case PacketType.WORK_WARNING:
        this.warnings++;
        return;
      case PacketType.WORK_COMPLETE:
        this.#heed(job);
        this.#pieces.push(packet.takeData());
        return this.#ended(job, concatenated(this.#pieces));
      case PacketType.WORK_EXCEPTION:
        return this.#ended(job, packet.takeData());
      case PacketType.WORK_FAIL:
        return this.#ended(job, NOTHING);
    }
  }

  workFailed(job: Job): void {
    this.#ended(job, NOTHING);
  }

  #piece(job: Job, piece: Uint8Array): void {
    this.#heed(job);
    if (this.#settled) return;
    this.#bytes += piece.length;
    if (this.#onPiece !== undefined) return this.#onPiece(piece);
    if (this.#bytes > this.#gateway.server.limits.maxSendBytes) {
      this.#pieces = [];
      return this.#settle({ kind: "too large" });
    }
    this.#pieces.push(piece);
  }

  /** Another worker begins the result anew: what the lost one had sent is no part of it. */
  #heed(job: Job): void {
    if (job.attempts === this.#attempt) return;
    this.#attempt = job.attempts;
    if (this.#bytes > 0 && this.#onPiece !== undefined) this.#settle({ kind: "begun anew" });
    this.#bytes = 0;
    this.#pieces = [];
  }

  /** The core writes down how the job ended behind this call. */
  #ended(job: Job, bytes: Uint8Array): void {
    if (this.#settled) return;
    queueMicrotask(() => this.#settle({ kind: "ended", end: job.end ?? "fail", bytes }));
  }

  #settle(outcome: WaitOutcome): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#cancelTimer();
    this.#signal.removeEventListener("abort", this.#gone);
    this.#endCount();
    if (this.client.waitingFor.size > 0) this.#detach();
    this.#resolve(outcome);
  }

  /** Withdrawn jobs are forgotten soon, so that calls that are given up don't hold their workloads. */
  #detach(): void {
    this.#gateway.server.act((jobServer) => {
      const queues = new Set([...this.client.waitingFor].map((job) => job.queue));
      jobServer.clientGone(this.client);
      for (const queue of queues) jobServer.forgetIgnored(queue);
    });
  }
}

function concatenated(pieces: readonly Uint8Array[]): Uint8Array {
  return pieces.length === 1 ? pieces[0]! : joinBytes(pieces);
}

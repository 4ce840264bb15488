import type { Random } from "../support/mod.ts";
import type { JobLog } from "./job_log.ts";
import { type PeerHandler, PeerSocket } from "./peer_socket.ts";
import type { ReplyPacket } from "./reply_stream.ts";
import type { Submission, Submissions } from "./submissions.ts";

/** Who runs clients and workers. */
export interface PeerOwner {
  /** The peer is leaving of itself. */
  left(): void;
  /** The connection is over; `fault` is what the peer saw and must not have seen. */
  gone(fault: unknown): void;
}

export interface SubmittingClientOptions {
  readonly port: number;
  readonly log: Pick<JobLog, "add">;
  readonly random: Random;
  readonly submissions: Submissions;
  /** Submissions sent before their answers have come. */
  readonly window: number;
  /** Chance per answer that the client leaves without waiting for the others. */
  readonly deathRate: number;
  readonly owner: PeerOwner;
}

/** Submits jobs as fast as its window allows, and writes down each attempt and each answer. */
export class SubmittingClient implements PeerHandler {
  readonly #options: SubmittingClientOptions;
  readonly #pending: Submission[] = [];
  #socket: PeerSocket | undefined;
  #submitting = true;
  #fault: unknown;

  constructor(options: SubmittingClientOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#socket = await PeerSocket.connect(this.#options.port, this);
    this.#fill();
  }

  /** Submits nothing more; answers still come. */
  stopSubmitting(): void {
    this.#submitting = false;
  }

  close(): void {
    this.stopSubmitting();
    this.#socket?.close();
  }

  packet(packet: ReplyPacket): void {
    switch (packet.name) {
      case "JOB_CREATED":
      case "ERROR":
        this.#answered(packet);
        break;
      case "WORK_COMPLETE":
      case "WORK_FAIL":
      case "WORK_DATA":
      case "WORK_WARNING":
      case "WORK_STATUS":
        // Results of foreground jobs.
        break;
      default:
        throw new Error(`${packet.name} came to a client that only submits`);
    }
  }

  text(text: string): void {
    throw new Error(`text came to a client that sent none: ${JSON.stringify(text)}`);
  }

  fault(error: unknown): void {
    this.#fault = error;
  }

  closed(): void {
    this.#submitting = false;
    this.#options.owner.gone(this.#fault);
  }

  #answered({ name, args }: ReplyPacket): void {
    const { log, random, deathRate } = this.#options;
    const submission = this.#pending.shift();
    if (submission === undefined) throw new Error(`${name} answers nothing: ${args}`);
    const attempt = submission.attempt.number;
    if (name === "JOB_CREATED") log.add({ kind: "acknowledged", attempt, handle: args[0]! });
    else log.add({ kind: "refused", attempt, code: args[0]! });
    if (this.#submitting && random.chance(deathRate)) this.#leave();
    else this.#fill();
  }

  /** Sends in bursts: several submissions in one write. */
  #fill(): void {
    const { window, log, submissions } = this.#options;
    if (!this.#submitting || this.#pending.length > window / 2) return;
    while (this.#submitting && this.#pending.length < window) {
      const submission = submissions.next();
      this.#pending.push(submission);
      log.add({ kind: "attempted", attempt: submission.attempt });
      this.#socket!.send(submission.packet);
    }
  }

  #leave(): void {
    this.stopSubmitting();
    this.#options.owner.left();
    switch (this.#options.random.below(3)) {
      case 0:
        return this.#socket!.halfClose();
      case 1:
        return this.#socket!.close();
      default:
        return this.#socket!.reset();
    }
  }
}

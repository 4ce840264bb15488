import type { Job, StoreWaiter } from "../core/mod.ts";
import { type ByteString, ErrorReply, HEADER_BYTES, PacketType } from "../protocol/mod.ts";
import { Frames } from "./frames.ts";
import type { Slab } from "./slab.ts";
import type { Traffic } from "./traffic.ts";

/**
 * Replies leave in the order of their requests (protocol section 1), also when a JOB_CREATED has to
 * wait until its job is stored. What is replied meanwhile is kept behind it. A job's WORK_* packets
 * wait only if its own JOB_CREATED does.
 */
export class HeldReplies {
  readonly #slab: Slab;
  readonly #sent: Traffic["sent"];
  readonly #out: Frames;
  readonly #released: () => void;
  #held: HeldReply[] = [];
  /** Replies at the front of `#held` that have left already. */
  #gone = 0;
  /** From here on what is behind replies may lie in the slab. */
  #inSlab = 0;
  /** Bytes of all held replies and of what is behind them, but behind the last: only there does something come. */
  #bytesWithin = 0;
  /**
   * Handles of which something waits, each with the reply behind which its last packet does; most connections
   * never need it. A handle leaves with that reply: a client that submits without a pause has always some that
   * wait, and no packet of a job may overtake another.
   */
  #heldHandles: Map<ByteString, HeldReply> | null = null;

  /** `released` is called when held replies have reached `out`. */
  constructor(slab: Slab, sent: Traffic["sent"], out: Frames, released: () => void) {
    this.#slab = slab;
    this.#sent = sent;
    this.#out = out;
    this.#released = released;
  }

  get isEmpty(): boolean {
    return this.#gone === this.#held.length;
  }

  /** Bytes that wait. */
  get bytes(): number {
    return this.isEmpty ? 0 : this.#bytesWithin + bytesBehind(this.#last);
  }

  /** What waits may wait for long: it shall not hold slabs. To be called once a turn. */
  leaveSlab(): void {
    const held = this.#held;
    for (let at = Math.max(this.#inSlab, this.#gone); at < held.length; at++) {
      held[at]!.behind?.leaveSlab();
    }
    this.#inSlab = Math.max(0, held.length - 1);
  }

  /** Where the reply to the current request is to be written. */
  get target(): Frames {
    if (this.isEmpty) return this.#out;
    return this.#last.behind ??= new Frames(this.#slab, this.#sent);
  }

  get #last(): HeldReply {
    return this.#held[this.#held.length - 1]!;
  }

  /** Where a packet about a job is to be written: behind its JOB_CREATED. */
  targetFor(handle: ByteString): Frames {
    if (this.#heldHandles?.has(handle) !== true) return this.#out;
    this.#hold(handle, this.#last);
    return this.target;
  }

  /** JOB_CREATED for a job that needs not wait itself, though it may have to wait in line. */
  jobCreated(handle: ByteString): void {
    if (!this.isEmpty) this.#hold(handle, this.#last);
    this.target.text(PacketType.JOB_CREATED, handle);
  }

  /** Holds the place of JOB_CREATED until the store has answered. */
  hold(job: Job): StoreWaiter {
    const reply = new HeldReply(this, job.handle);
    if (!this.isEmpty) this.#bytesWithin += bytesBehind(this.#last);
    this.#bytesWithin += reply.bytes;
    this.#held.push(reply);
    // Where nobody waits for its result, a job has no packets that could overtake.
    if (job.audience !== null) this.#hold(job.handle, reply);
    return reply;
  }

  #hold(handle: ByteString, behind: HeldReply): void {
    this.#heldHandles ??= new Map();
    if (this.#heldHandles.get(handle) === behind) return;
    this.#heldHandles.set(handle, behind);
    if (handle !== behind.handle) (behind.others ??= []).push(handle);
  }

  #letGo(reply: HeldReply): void {
    const handles = this.#heldHandles;
    if (handles === null) return;
    if (handles.get(reply.handle) === reply) handles.delete(reply.handle);
    for (const other of reply.others ?? []) {
      if (handles.get(other) === reply) handles.delete(other);
    }
  }

  /** Writes what has been answered, up to the first reply that still waits. */
  release(): void {
    const held = this.#held;
    let reply = held[this.#gone];
    if (reply === undefined || reply.outcome === "waiting") return;
    while (reply !== undefined && reply.outcome !== "waiting") {
      this.#gone++;
      this.#bytesWithin -= reply.bytes;
      if (!this.isEmpty) this.#bytesWithin -= bytesBehind(reply);
      reply.writeTo(this.#out);
      this.#letGo(reply);
      reply = held[this.#gone];
    }
    if (reply === undefined) {
      this.#held = [];
      this.#gone = 0;
      this.#inSlab = 0;
      this.#heldHandles = null;
    } else if (this.#gone > 1024 && this.#gone > held.length / 2) {
      this.#held = held.slice(this.#gone);
      this.#inSlab = Math.max(0, this.#inSlab - this.#gone);
      this.#gone = 0;
    }
    this.#released();
  }
}

function bytesBehind({ behind }: HeldReply): number {
  return behind === null ? 0 : behind.length;
}

/** A JOB_CREATED that waits for the store, and the frames that may only leave behind it. */
class HeldReply implements StoreWaiter {
  readonly #line: HeldReplies;
  readonly handle: ByteString;
  outcome: "waiting" | "stored" | "refused" = "waiting";
  behind: Frames | null = null;
  /** Handles of other jobs that have something in `behind`. */
  others: ByteString[] | null = null;

  /** Of its JOB_CREATED. */
  get bytes(): number {
    return HEADER_BYTES + this.handle.length;
  }

  constructor(line: HeldReplies, handle: ByteString) {
    this.#line = line;
    this.handle = handle;
  }

  jobStored(): void {
    this.outcome = "stored";
    this.#line.release();
  }

  jobRefused(): void {
    this.outcome = "refused";
    this.#line.release();
  }

  writeTo(out: Frames): void {
    if (this.outcome === "stored") out.text(PacketType.JOB_CREATED, this.handle);
    else out.error(ErrorReply.QUEUE_REFUSED);
    if (this.behind !== null) out.append(this.behind);
  }
}

/**
 * The load generator's measuring stick: a process that answers like a job server and is none.
 * `responder.ts PORT`; prints one line on stderr when it listens. It counts jobs and remembers who
 * waits for them, no more: every handle, workload and result is the same prepared frame. What the
 * load generator reaches here is what it can measure.
 */
import { Buffer } from "node:buffer";
import process from "node:process";
import { FrameWalker, replyFrame, Type } from "./frames.ts";
import { type Link, listenLinks } from "./link.ts";
import { FUNCTION_NAME } from "./submissions.ts";

const HANDLE = "H:responder:1";
const JOB_CREATED = replyFrame(Type.JOB_CREATED, HANDLE);
const NOOP = replyFrame(Type.NOOP);
const NO_JOB = replyFrame(Type.NO_JOB);
const ECHO_RES = replyFrame(Type.ECHO_RES);
const BYTES = 64;
const ASSIGNED = replyFrame(
  Type.JOB_ASSIGN_UNIQ,
  `${HANDLE}\0${FUNCTION_NAME}\0\0${"w".repeat(BYTES)}`,
);
const WORK_COMPLETE = replyFrame(Type.WORK_COMPLETE, `${HANDLE}\0${"r".repeat(BYTES)}`);

/** Frames in one write at most; more are a second write. */
const LONGEST = 1000;
const CREATED_BATCH = Buffer.concat(Array.from({ length: LONGEST }, () => JOB_CREATED));

/** Foreground jobs that can wait for a result at one time. */
const MOST_WAITING = 1 << 16;

class Peer {
  readonly #link: Link;
  #created = 0;
  #frames: Buffer[] = [];
  /** Who submitted the job that this worker has; null for background jobs. */
  working: Peer | null = null;

  constructor(link: Link) {
    this.#link = link;
  }

  created(): void {
    this.#created++;
    this.#schedule();
  }

  send(frame: Buffer): void {
    this.#frames.push(frame);
    this.#schedule();
  }

  flush(): void {
    for (; this.#created > 0; this.#created -= Math.min(this.#created, LONGEST)) {
      const bytes = Math.min(this.#created, LONGEST) * JOB_CREATED.length;
      this.#frames.unshift(CREATED_BATCH.subarray(0, bytes));
    }
    const [first] = this.#frames;
    if (this.#frames.length === 1) this.#link.write(first!);
    else if (first !== undefined) this.#link.write(Buffer.concat(this.#frames));
    this.#frames = [];
  }

  #schedule(): void {
    if (unflushed.size === 0) setImmediate(flushAll);
    unflushed.add(this);
  }
}

const unflushed = new Set<Peer>();
const sleepers: Peer[] = [];
let backgroundJobs = 0;
/** Clients of foreground jobs in order of submission. */
const waiting: (Peer | null)[] = new Array<Peer | null>(MOST_WAITING).fill(null);
let oldest = 0;
let newest = 0;

function flushAll(): void {
  for (const peer of unflushed) peer.flush();
  unflushed.clear();
}

function frame(peer: Peer, type: number): void {
  switch (type) {
    case Type.SUBMIT_JOB:
    case Type.SUBMIT_JOB_BG:
      peer.created();
      if (type === Type.SUBMIT_JOB_BG) backgroundJobs++;
      else waiting[newest++ % MOST_WAITING] = peer;
      wake();
      break;
    case Type.GRAB_JOB_ALL:
      assign(peer);
      break;
    case Type.PRE_SLEEP:
      sleepers.push(peer);
      if (backgroundJobs > 0 || oldest < newest) wake();
      break;
    case Type.WORK_COMPLETE:
      peer.working?.send(WORK_COMPLETE);
      peer.working = null;
      break;
    case Type.ECHO_REQ:
      peer.send(ECHO_RES);
      break;
  }
}

function wake(): void {
  const sleeper = sleepers.pop();
  if (sleeper === undefined) return;
  sleeper.send(NOOP);
}

function assign(worker: Peer): void {
  if (oldest < newest) worker.working = waiting[oldest++ % MOST_WAITING]!;
  else if (backgroundJobs > 0) backgroundJobs--;
  else return worker.send(NO_JOB);
  worker.send(ASSIGNED);
}

listenLinks(Number(process.argv[2]), (link) => {
  const peer = new Peer(link);
  const walker = new FrameWalker((type) => frame(peer, type));
  return { data: (chunk) => walker.feed(chunk), lost: () => {} };
});
console.error("responder listens");

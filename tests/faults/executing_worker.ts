import {
  bytesOf,
  type ByteString,
  encodeRequest,
  type PacketContent,
  PacketType,
  type PacketTypeName,
} from "../../src/protocol/mod.ts";
import type { Random } from "../support/mod.ts";
import type { JobLog } from "./job_log.ts";
import { type PeerHandler, PeerSocket } from "./peer_socket.ts";
import type { ReplyPacket } from "./reply_stream.ts";
import type { PeerOwner } from "./submitting_client.ts";
import { attemptIn, attemptOfEmpty } from "./workload.ts";

export interface ExecutingWorkerOptions {
  readonly port: number;
  readonly log: JobLog;
  readonly random: Random;
  readonly functions: readonly ByteString[];
  /** Jobs it holds at once, at most. */
  readonly capacity: number;
  /** Chance per job that the worker dies over it. */
  readonly deathRate: number;
  readonly owner: PeerOwner;
}

/** GRAB_JOB is not among them: a job without workload is told by its unique ID. */
const GRABS = ["GRAB_JOB_UNIQ", "GRAB_JOB_ALL"] as const;
const FINISHES = ["WORK_COMPLETE", "WORK_COMPLETE", "WORK_FAIL", "WORK_EXCEPTION"] as const;

/** Takes jobs, several at once, finishes them in any order, fails some, and dies over some. */
export class ExecutingWorker implements PeerHandler {
  readonly #options: ExecutingWorkerOptions;
  readonly #held: ByteString[] = [];
  /** Finishes sent before the grab whose answer is awaited. */
  #finishedBefore: ByteString[] = [];
  #lastGrab: typeof GRABS[number] = "GRAB_JOB_UNIQ";
  #socket: PeerSocket | undefined;
  #asleep = false;
  #leaving = false;
  #mortal = true;
  #fault: unknown;

  constructor(options: ExecutingWorkerOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#socket = await PeerSocket.connect(this.#options.port, this);
    for (const name of this.#options.functions) this.#send("CAN_DO", { args: [name] });
    this.#grab();
  }

  /** Dies no more. */
  live(): void {
    this.#mortal = false;
  }

  close(): void {
    this.#leaving = true;
    this.#socket?.close();
  }

  packet(packet: ReplyPacket): void {
    if (this.#leaving) return;
    switch (packet.name) {
      case "JOB_ASSIGN_UNIQ":
      case "JOB_ASSIGN_ALL":
        this.#noteProcessed();
        return this.#assigned(packet);
      case "NO_JOB":
        this.#noteProcessed();
        return this.#noJob();
      case "NOOP":
        if (!this.#asleep) return;
        this.#asleep = false;
        return this.#grab();
      default:
        throw new Error(`${packet.name} (${packet.args}) came to a worker`);
    }
  }

  text(text: string): void {
    throw new Error(`text came to a worker: ${JSON.stringify(text)}`);
  }

  fault(error: unknown): void {
    this.#fault = error;
  }

  closed(): void {
    this.#leaving = true;
    this.#options.owner.gone(this.#fault);
  }

  #assigned({ name, args, data }: ReplyPacket): void {
    const { log, random, capacity, deathRate } = this.#options;
    const [handle, functionName, unique] = args;
    // Only GRAB_JOB_ALL is told of reducers: there, a packet without one says that there is none.
    const without = this.#lastGrab === "GRAB_JOB_ALL" ? "" : undefined;
    log.add({
      kind: "assigned",
      handle: handle!,
      attempt: data.length === 0 ? attemptOfEmpty(unique!) : attemptIn(data),
      functionName: functionName!,
      unique: unique!,
      reducer: name === "JOB_ASSIGN_ALL" ? args[3] : without,
      at: Date.now(),
    });
    this.#held.push(handle!);
    if (this.#mortal && random.chance(deathRate)) return this.#die();
    if (random.chance(0.1)) this.#report(handle!);
    while (this.#held.length > 0 && (this.#held.length >= capacity || random.chance(0.6))) {
      this.#finishOne();
    }
    this.#grab();
  }

  #noJob(): void {
    if (this.#held.length > 0) {
      this.#finishOne();
      this.#grab();
    } else {
      this.#asleep = true;
      this.#send("PRE_SLEEP");
    }
  }

  #report(handle: ByteString): void {
    this.#send("WORK_STATUS", { args: [handle, "1", "2"] });
    this.#send("WORK_DATA", { args: [handle], data: "some of it" });
  }

  #finishOne(): void {
    const { log, random } = this.#options;
    const [handle] = this.#held.splice(random.below(this.#held.length), 1);
    const how = random.pick(FINISHES);
    log.add({ kind: "finished", handle: handle! });
    this.#finishedBefore.push(handle!);
    this.#send(how, {
      args: [handle!],
      ...(how === "WORK_FAIL" ? {} : { data: bytesOf("result\0of it") }),
    });
  }

  /** What was sent before the grab that has been answered now, has been read. */
  #noteProcessed(): void {
    for (const handle of this.#finishedBefore) {
      this.#options.log.add({ kind: "processed", handle });
    }
    this.#finishedBefore = [];
  }

  /** One at a time, so that its answer tells what has been read. */
  #grab(): void {
    this.#lastGrab = this.#options.random.pick(GRABS);
    this.#send(this.#lastGrab);
  }

  #die(): void {
    const { random, owner } = this.#options;
    this.#leaving = true;
    owner.left();
    // Some die with a result on its way: whether it counts is not known.
    if (random.chance(0.5)) this.#finishOne();
    if (random.chance(0.5)) this.#socket!.close();
    else this.#socket!.reset();
  }

  #send(name: PacketTypeName, content: PacketContent = {}): void {
    this.#socket!.send(encodeRequest(PacketType[name], content));
  }
}

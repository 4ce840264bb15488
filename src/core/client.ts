import type { Packet } from "../protocol/mod.ts";
import type { Job } from "./job.ts";

/** How a client's connection is told about its jobs. Implemented by the server's sessions. */
export interface ClientPort {
  /** A worker's WORK_* packet, to be passed on byte for byte. Valid only during the call. */
  workPacket(job: Job, packet: Packet): void;
  /** WORK_FAIL with the bare handle. */
  workFailed(job: Job): void;
}

/** A connection in its role as one that waits for jobs. */
export class Client {
  readonly port: ClientPort;
  /** OPTION_REQ `exceptions` was asked for, or is the server's default. */
  wantsExceptions: boolean;
  readonly waitingFor = new Set<Job>();

  constructor(port: ClientPort, wantsExceptions: boolean) {
    this.port = port;
    this.wantsExceptions = wantsExceptions;
  }
}

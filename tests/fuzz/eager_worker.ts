import type { ByteString } from "../../src/protocol/mod.ts";
import type { ReplyPacket } from "../faults/mod.ts";
import type { Registry } from "./registry.ts";
import { type ReportViolation, SoundPeer } from "./sound_peer.ts";

/**
 * A sound peer that does each job the moment it is given it, as workers do. Others act in steps:
 * without it no result would ever come while replies to its client still wait for the store.
 */
export class EagerWorker extends SoundPeer {
  readonly #functions: readonly ByteString[];
  #jobs = 0;

  constructor(
    number: number,
    functions: readonly ByteString[],
    registry: Registry,
    report: ReportViolation,
  ) {
    super(number, registry, report);
    this.#functions = functions;
  }

  override async connect(port: number): Promise<void> {
    await super.connect(port);
    for (const name of this.#functions) this.canDo(name);
    this.grab("GRAB_JOB_ALL");
    this.#flush();
  }

  override packet(packet: ReplyPacket): void {
    super.packet(packet);
    if (packet.name === "NO_JOB") {
      this.preSleep();
    } else {
      for (const handle of this.memory.held) this.#do(handle);
      const grabs = this.memory.expected.length > 0;
      if (!grabs) this.grab("GRAB_JOB_ALL");
    }
    this.#flush();
  }

  #do(handle: ByteString): void {
    const number = ++this.#jobs;
    if (number % 4 === 0) this.report("WORK_DATA", handle, number % 900);
    if (number % 16 === 0) this.fail(handle);
    else if (number % 16 === 8) this.report("WORK_EXCEPTION", handle, number % 300);
    else this.report("WORK_COMPLETE", handle, number % 300);
  }

  #flush(): void {
    for (const bytes of this.takeOutgoing()) this.send(bytes);
  }
}

import assert from "node:assert/strict";
import type { Job, Limits } from "../../../src/core/mod.ts";
import {
  SCHEDULE_DEFAULTS,
  type ScheduleDraft,
  Schedules,
} from "../../../src/gateway/schedules/mod.ts";
import type { JobStore } from "../../../src/plugin_api/mod.ts";
import { bytesOf } from "../../../src/protocol/mod.ts";
import { type ModelDisk, ModelStore } from "../../conformance/stores/mod.ts";
import { FakeClock, type Fixture, type MemoryPeer, startFixture, turn } from "../../server/mod.ts";

export interface SceneOptions {
  /** What time it is at the start, RFC 3339; later than 2023. */
  readonly at: string;
  readonly disk?: ModelDisk;
  readonly store?: JobStore;
  readonly limits?: Partial<Limits>;
}

/** A whole server on a clock that stands still, and its schedules. */
export class ScheduleScene {
  readonly #fixture: Fixture;
  readonly schedules: Schedules;
  /** Warnings of the schedules. */
  readonly warnings: string[] = [];
  readonly peer: MemoryPeer;

  private constructor(fixture: Fixture) {
    this.#fixture = fixture;
    this.peer = fixture.connect();
    this.schedules = new Schedules({
      server: fixture.server,
      retainMs: 60_000,
      log: (_level, text) => this.warnings.push(text),
    });
    this.schedules.start();
  }

  static async start({ at, disk, store, limits = {} }: SceneOptions): Promise<ScheduleScene> {
    const clock = new FakeClock();
    clock.pass(Date.parse(at) - clock.now());
    const kept = disk === undefined ? store : new ModelStore(disk);
    const fixture = await startFixture({
      clock,
      limits,
      ...(kept === undefined ? {} : { store: kept }),
    });
    return new ScheduleScene(fixture);
  }

  get server(): Fixture["server"] {
    return this.#fixture.server;
  }

  get clock(): FakeClock {
    return this.#fixture.clock;
  }

  /** Moves time to a moment, and lets what it brings settle. */
  async until(moment: string): Promise<void> {
    this.clock.pass(Date.parse(moment) - this.clock.now());
    await turn();
  }

  /** Moves time minute by minute: stores and jobs come along. */
  async minutes(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      this.clock.pass(60_000);
      await turn();
    }
  }

  jobs(): Job[] {
    return [...this.server.jobServer.table.jobs].filter(({ end }) => end === null);
  }

  /** When jobs were submitted that are still there, RFC 3339. */
  acceptedAt(): string[] {
    return this.jobs().map(({ acceptedAt }) => new Date(acceptedAt).toISOString());
  }

  /** A worker that takes the next job of a function; answers its handle. */
  async take(name: string): Promise<string> {
    this.peer.send("CAN_DO", name);
    this.peer.send("GRAB_JOB");
    await turn();
    const [kind, handle] = this.peer.received.splice(0).at(-1)?.split(/[ |]/) ?? [];
    assert.equal(kind, "JOB_ASSIGN");
    return handle!;
  }

  async complete(handle: string): Promise<void> {
    this.peer.send("WORK_COMPLETE", handle, "");
    await turn();
  }

  async stop(): Promise<void> {
    this.schedules.close();
    await this.server.stop();
  }
}

export function draft(cron: string, more: Partial<ScheduleDraft> = {}): ScheduleDraft {
  return { ...SCHEDULE_DEFAULTS, functionName: "f", payload: bytesOf("work"), cron, ...more };
}

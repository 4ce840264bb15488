import { dataFolder } from "./data_folder.ts";
import { RunningServer } from "./running_server.ts";
import type { ServerKind } from "./server_kinds.ts";
import type { Bench, Figures, RunningWorkload, Workload } from "./workload.ts";

/** All rounds of one workload on one server. */
export interface Measurement {
  readonly workload: Workload;
  readonly server: ServerKind;
  readonly rounds: readonly Figures[];
  /** Why there are no (more) rounds. */
  readonly failure: string | undefined;
}

/** Told of every round, so that somebody who waits sees that it goes on. */
export type OnRound = (server: ServerKind, outcome: Figures | string) => void;

/**
 * Runs a workload on all servers in turn (A B C, A B C, …), so that whatever else the machine does
 * hits all alike. A server that fails is left out from then on.
 */
export async function measureWorkload(
  workload: Workload,
  kinds: readonly ServerKind[],
  rounds: number,
  bench: Bench,
  onRound: OnRound,
): Promise<Measurement[]> {
  const lanes = kinds.map((kind) => new Lane(workload, kind, bench));
  try {
    for (let round = 0; round < rounds; round++) {
      for (const lane of lanes) await lane.round(onRound);
    }
  } finally {
    for (const lane of lanes) await lane.end();
  }
  return lanes.map((lane) => lane.measurement());
}

/** A server that outlives a round, and what ends it. */
interface LastingServer {
  readonly server: RunningServer;
  readonly end: () => Promise<void>;
}

/** One server's part. */
class Lane {
  readonly #workload: Workload;
  readonly #kind: ServerKind;
  readonly #bench: Bench;
  readonly #rounds: Figures[] = [];
  #failure: string | undefined;
  #lasting: LastingServer | undefined;

  constructor(workload: Workload, kind: ServerKind, bench: Bench) {
    this.#workload = workload;
    this.#kind = kind;
    this.#bench = bench;
  }

  async round(onRound: OnRound): Promise<void> {
    if (this.#failure !== undefined) return;
    try {
      const figures = await this.#measure();
      this.#rounds.push(figures);
      onRound(this.#kind, figures);
    } catch (error) {
      this.#failure = (error as Error).message;
      onRound(this.#kind, this.#failure);
      await this.end();
    }
  }

  async end(): Promise<void> {
    const lasting = this.#lasting;
    this.#lasting = undefined;
    await lasting?.end();
  }

  measurement(): Measurement {
    return {
      workload: this.#workload,
      server: this.#kind,
      rounds: this.#rounds,
      failure: this.#failure,
    };
  }

  async #measure(): Promise<Figures> {
    const workload = this.#workload;
    if (workload.kind === "starting") return await workload.measure(this.#kind, this.#bench);
    this.#lasting ??= await this.#start(workload);
    const figures = await workload.measure(this.#lasting.server, this.#bench);
    if (workload.freshServer) await this.end();
    return figures;
  }

  async #start(workload: RunningWorkload): Promise<LastingServer> {
    const { cores, dataRoot } = this.#bench;
    const folder = await dataFolder(dataRoot);
    try {
      const server = await RunningServer.start(this.#kind, {
        queue: workload.queue,
        dataDir: folder.path,
        cores,
        http: workload.http === true,
      });
      return {
        server,
        end: async () => {
          await server.kill();
          await folder[Symbol.asyncDispose]();
        },
      };
    } catch (error) {
      await folder[Symbol.asyncDispose]();
      throw error;
    }
  }
}

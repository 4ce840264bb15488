import type { Databases } from "./databases.ts";
import type { Generator } from "./generator_process.ts";
import type { Cores } from "./cores.ts";
import type { RunningServer } from "./running_server.ts";
import type { Queue, ServerKind } from "./server_kinds.ts";

/** One number that a workload gives. */
export interface Figure {
  readonly key: string;
  /** As a table row names it. */
  readonly title: string;
  readonly unit: "jobs/s" | "requests/s" | "%" | "ms" | "s" | "bytes" | "MiB" | "% CPU";
  readonly better: "higher" | "lower";
  /** What cogd should reach, as a ratio to C gearmand or in the figure's own unit. */
  readonly budget?: Budget;
}

export interface Budget {
  readonly deno: number;
  readonly bun: number;
  readonly measure: "ratio" | "value";
}

/** Figures by key. */
export type Figures = Readonly<Record<string, number>>;

/** Figures that every workload with load has, beside its own: where the time went. */
export const SERVER_CPU_US = "server CPU µs per job";
export const GENERATOR_SHARE = "generator busy";

/** What a measurement may use. */
export interface Bench {
  /** How long memory has to stay the same before it is believed. */
  readonly settleMs: number;
  readonly generator: Generator;
  readonly cores: Cores;
  readonly databases: Databases;
  /** Where queue files are made. */
  readonly dataRoot: string;
}

interface WorkloadBase {
  /** As the option --only names it. */
  readonly name: string;
  readonly figures: readonly Figure[];
  readonly rounds: number;
  /** Left out unless the option --only asks for it. */
  readonly onlyOnDemand?: true;
}

/** Measured on a server that runs. */
export interface RunningWorkload extends WorkloadBase {
  readonly kind: "running";
  readonly queue: Queue;
  /** The server serves HTTP, too. */
  readonly http?: true;
  /** Every round gets a new server; otherwise one runs for all rounds and is warm in the later ones. */
  readonly freshServer: boolean;
  /** Whether the responder takes part, to show what the load generator can do. */
  readonly withResponder: boolean;
  measure(server: RunningServer, bench: Bench): Promise<Figures>;
}

/** Starts its servers itself, because the start is what is measured. */
export interface StartingWorkload extends WorkloadBase {
  readonly kind: "starting";
  measure(kind: ServerKind, bench: Bench): Promise<Figures>;
}

export type Workload = RunningWorkload | StartingWorkload;

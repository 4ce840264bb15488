import type { FunctionQueue } from "./function_queue.ts";
import type { Job } from "./job.ts";

/** How a worker's connection is told that there is work. Implemented by the server's sessions. */
export interface WorkerPort {
  /** Number of the connection, as operators know it. */
  readonly number?: number;
  /** Sends NOOP. */
  wake(): void;
}

/** One function that a worker can do. */
export interface Ability {
  readonly queue: FunctionQueue;
  /** Milliseconds it may take for one job; 0 = no limit. */
  readonly timeoutMs: number;
}

/**
 * `awake`: it will ask by itself. `sleeping`: it waits for a NOOP. `notified`: a NOOP is on its way
 * and it has not asked since.
 */
export type WorkerState = "awake" | "sleeping" | "notified";

/** A connection in its role as one that does jobs. Changed only by the core. */
export class Worker {
  readonly port: WorkerPort;
  /** In the order of assignment: newest registration first, then rotated by use (section 9). */
  readonly abilities: Ability[] = [];
  /** Jobs it holds, in the order of assignment. */
  readonly running = new Set<Job>();
  state: WorkerState = "awake";
  /** It gets no more jobs and no NOOPs; those it holds go on. */
  draining = false;
  /** The function whose job caused the NOOP on its way, while `notified`. */
  notifiedFor: FunctionQueue | null = null;
  /** When that NOOP was sent, milliseconds since 1970. */
  notifiedAt = 0;

  constructor(port: WorkerPort) {
    this.port = port;
  }

  abilityFor(queue: FunctionQueue): Ability | undefined {
    return this.abilities.find((ability) => ability.queue === queue);
  }
}

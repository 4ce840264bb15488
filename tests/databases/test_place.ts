import type { JobStore, LeaseHolder, ProcessWitness } from "../../src/plugin_api/mod.ts";
import type { DatabaseServer } from "../support/databases/mod.ts";
import { eventually } from "./eventually.ts";

export interface PlaceOptions {
  /** Of a proxy in front of the server. */
  readonly port?: number;
  readonly namespace?: string;
  readonly process?: ProcessWitness;
}

/** How cogd is led to a place: gearmand's options, and the password where nobody sees it. */
export interface CommandLine {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** A place of its own in a database server, with what tests need to see and do there. */
export interface TestPlace {
  /** Lines that stores here have logged, each as `LEVEL text`. */
  readonly log: readonly string[];
  open(options?: PlaceOptions): Promise<JobStore>;
  /** `port` for one that leads there in a roundabout way. */
  commandLine(port?: number): CommandLine;
  /** How many sessions of stores the server has. */
  countSessions(): Promise<number>;
  /** Ends them from the server's side, as an administrator does. */
  killSessions(): Promise<void>;
  /** Whether the server closes sessions that are silent for two seconds; at first it does not. */
  closeIdleSessions(closes: boolean): Promise<void>;
  /** Keys of the jobs held there, as the database's own client shows them, in any order. */
  keys(): Promise<number[]>;
  leaseTerm(): Promise<number>;
  /** Whether the lease was given back. */
  leaseIsFree(): Promise<boolean>;
  /** As if `holder` had vanished with its machine so long before the end of its lease. */
  abandonLease(holder: LeaseHolder, remainingMs: number): Promise<void>;
  remove(): Promise<void>;
}

/** A store whose server can be made to fail. */
export interface StoreWithServer {
  readonly name: string;
  readonly server: DatabaseServer;
  newPlace(): Promise<TestPlace>;
}

/** Settles when the server has no session of a store. One that was begun meanwhile, by the upkeep, is ended too. */
export async function endSessions(place: TestPlace): Promise<void> {
  await eventually(async () => {
    await place.killSessions();
    return await place.countSessions() === 0;
  }, "the sessions' end");
}

import type { SettledCommit } from "../../server/mod.ts";
import { COUNT_BOUNDS, Histogram, STORE_BOUNDS } from "./histogram.ts";

/** What the store was asked to do, and how it went. One observation per commit, however many jobs it holds. */
export class StoreFigures {
  /** How long commits took, those that failed included, milliseconds. */
  readonly commit = new Histogram(STORE_BOUNDS);
  /** How long it took to take up what the store held at the start, milliseconds; empty until that is done. */
  readonly replay = new Histogram(STORE_BOUNDS);
  /** Jobs that a commit which held has written. */
  readonly batch = new Histogram(COUNT_BOUNDS);
  /** How much of a commit the system took to make it durable, milliseconds; empty where the store does not say. */
  readonly sync = new Histogram(STORE_BOUNDS);

  committed({ held, jobs, ms, syncMs }: SettledCommit): void {
    this.commit.observe(ms);
    if (held && jobs > 0) this.batch.observe(jobs);
    if (syncMs !== undefined) this.sync.observe(syncMs);
  }

  replayed(ms: number): void {
    this.replay.observe(ms);
  }
}

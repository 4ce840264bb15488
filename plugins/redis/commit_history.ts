import {
  type NamedRecord,
  NEXT_HANDLE_RECORD,
  NEXT_KEY_RECORD,
  type StoreBatch,
  type StoreHost,
} from "../../src/plugin_api/mod.ts";

/**
 * Notices when Redis comes back with less than it had acknowledged (it was killed and had not written
 * all, or was emptied), and writes the high-water marks again: keys and handles must not be used twice.
 */
export class CommitHistory {
  readonly #place: string;
  readonly #host: StoreHost;
  readonly #marks = new Map<string, NamedRecord>();
  #settled = 0;

  constructor(place: string, host: StoreHost) {
    this.#place = place;
    this.#host = host;
  }

  /** A batch is in Redis, as the commit of this number. */
  settled(batch: StoreBatch, commits: number): void {
    for (const record of batch.put) {
      if (record.name === NEXT_KEY_RECORD || record.name === NEXT_HANDLE_RECORD) {
        this.#marks.set(record.name, record);
      }
    }
    this.#settled = commits;
  }

  /** A new session found so many commits in Redis. Answers the marks if they have to be written again. */
  resumed(commits: number): NamedRecord[] {
    const lost = this.#settled - commits;
    if (lost <= 0) return [];
    this.#settled = commits;
    const what = commits === 0
      ? "the whole queue"
      : lost === 1
      ? "the last commit"
      : `the last ${lost} commits`;
    this.#host.log(
      "ERROR",
      `${this.#place} has lost ${what}: it ended before that was on its disk, or was emptied. What this ` +
        "server has in memory still runs, but does not outlive it",
    );
    return [...this.#marks.values()];
  }
}

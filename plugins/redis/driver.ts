import {
  encodeHolder,
  type Failure,
  LEASE_TIMES,
  type LeaseHolder,
  type NamedRecord,
  SESSION_TIMES,
  type SessionDriver,
  StoreError,
} from "../../src/plugin_api/mod.ts";
import { EntryWriter } from "./batch_format.ts";
import { commitEntries } from "./commit_script.ts";
import type { KeySpace } from "./key_space.ts";
import { requireHeld } from "./lease_answer.ts";
import { RELEASE_LEASE_SCRIPT, RENEW_LEASE_SCRIPT, RESUME_SCRIPT } from "./lease_scripts.ts";
import { RedisConnection } from "./connection.ts";
import { failureOf, IN_CLUSTER } from "./faults.ts";
import { replyNumber } from "./script.ts";
import { readServerSettings, type ServerSettings } from "./server_settings.ts";
import type { RedisSettings } from "./settings.ts";

/** Version of the layout in `key_space.ts` and `job_format.ts`. Whoever changes these raises it. */
export const LAYOUT_VERSION = 1;

/** Lowest Redis whose scripts do what is needed. */
const LEAST_MAJOR_VERSION = 6;
/** How many upkeeps (5 s each) lie between two looks at the server's settings. */
const UPKEEPS_PER_LOOK = 12;

export interface DriverListener {
  /** At each connection and now and then: what the server says of itself. */
  settings(settings: ServerSettings): void;
  /**
   * Another session has begun; the server counts so many commits of this queue. Answers what has to be put
   * into it again.
   */
  resumed(commits: number): readonly NamedRecord[];
}

/** How `SteadySession` deals with Redis, and the lease that each session renews. */
export class RedisDriver implements SessionDriver<RedisConnection> {
  readonly place: string;
  readonly holder: LeaseHolder;
  readonly #settings: RedisSettings;
  readonly #keys: KeySpace;
  readonly #listener: DriverListener;
  #term: number | null = null;
  #upkeeps = 0;

  constructor(
    settings: RedisSettings,
    keys: KeySpace,
    holder: LeaseHolder,
    listener: DriverListener,
  ) {
    this.place = settings.place;
    this.holder = holder;
    this.#settings = settings;
    this.#keys = keys;
    this.#listener = listener;
  }

  /** Term of the lease while this server has it; every write compares it. */
  get term(): number {
    if (this.#term !== null) return this.#term;
    throw new StoreError("FAILED", `Cannot write to ${this.place}: no lease was taken`);
  }

  /** From now on each new session goes on with the lease of this term. */
  leaseTaken(term: number): void {
    this.#term = term;
  }

  create(lost: (error: unknown) => void): RedisConnection {
    return new RedisConnection(this.#settings.address, SESSION_TIMES.connectMs, lost);
  }

  /** The higher term keeps what a session before has sent from taking effect later. */
  async start(connection: RedisConnection): Promise<void> {
    await connection.connect();
    const settings = await readServerSettings(connection);
    requireUsable(settings);
    this.#listener.settings(settings);
    if (this.#term === null) return;
    const reply = await RESUME_SCRIPT.run(connection, [this.#keys.queue], [
      this.holder.id,
      encodeHolder(this.holder),
      String(this.#term),
      String(LEASE_TIMES.runsForMs),
      String(LAYOUT_VERSION),
    ]);
    const [term, commits] = requireHeld(reply);
    this.#term = replyNumber(term);
    const lost = this.#listener.resumed(replyNumber(commits));
    if (lost.length === 0) return;
    const writer = new EntryWriter();
    for (const record of lost) writer.put(record);
    await commitEntries(connection, this.#keys, this, writer.finish());
  }

  async upkeep(connection: RedisConnection): Promise<void> {
    if (this.#term !== null) {
      requireHeld(
        await RENEW_LEASE_SCRIPT.run(connection, [this.#keys.queue], [
          this.holder.id,
          String(this.#term),
          String(LEASE_TIMES.runsForMs),
        ]),
      );
    }
    this.#upkeeps++;
    if (this.#upkeeps % UPKEEPS_PER_LOOK !== 0) return;
    this.#listener.settings(await readServerSettings(connection));
  }

  async ping(connection: RedisConnection): Promise<void> {
    await connection.send(["PING"]);
  }

  /** Gives the lease back. */
  async release(connection: RedisConnection): Promise<void> {
    if (this.#term === null) return;
    const args = [this.holder.id, String(this.#term)];
    await RELEASE_LEASE_SCRIPT.run(connection, [this.#keys.queue], args);
  }

  async end(connection: RedisConnection): Promise<void> {
    await connection.close();
  }

  destroy(connection: RedisConnection): void {
    connection.destroy();
  }

  classify(error: unknown): Failure {
    return failureOf(error);
  }
}

/** Throws why this server cannot hold a queue. */
function requireUsable({ version, majorVersion, primary, inCluster }: ServerSettings): void {
  if (majorVersion !== null && majorVersion < LEAST_MAJOR_VERSION) {
    throw new StoreError("AWAY", `it is ${version}; Redis 6.0 or newer, or Valkey, is needed`);
  }
  if (inCluster) throw new StoreError("AWAY", IN_CLUSTER);
  if (primary !== null) {
    throw new StoreError(
      "AWAY",
      `it is a replica of ${primary}: a failover under way, or the wrong server; name the primary`,
    );
  }
}

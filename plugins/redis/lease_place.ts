import {
  decodeHolder,
  encodeHolder,
  LEASE_TIMES,
  type LeaseHolder,
  type LeasePlace,
  type LeaseState,
  type SteadySession,
  StoreError,
} from "../../src/plugin_api/mod.ts";
import type { KeySpace } from "./key_space.ts";
import { READ_LEASE_SCRIPT, TAKE_LEASE_SCRIPT } from "./lease_scripts.ts";
import type { RedisConnection } from "./connection.ts";
import { LAYOUT_VERSION, type RedisDriver } from "./driver.ts";
import { replyList, replyNumber, replyText } from "./script.ts";

const STEP = { action: "open", deadlineMs: 5000, writes: true } as const;

/** The lease on a queue, in the hash `…queue`. */
export class RedisLease implements LeasePlace {
  readonly #session: SteadySession<RedisConnection>;
  readonly #driver: RedisDriver;
  readonly #queue: string;

  constructor(session: SteadySession<RedisConnection>, driver: RedisDriver, keys: KeySpace) {
    this.#session = session;
    this.#driver = driver;
    this.#queue = keys.queue;
  }

  async read(): Promise<LeaseState | null> {
    const [holder, term, until, remaining] = await this.#session.run(STEP, async (connection) => {
      const reply = await READ_LEASE_SCRIPT.run(connection, [this.#queue], []);
      const [version, ...lease] = replyList(reply);
      requireKnownVersion(replyText(version));
      return lease;
    });
    if (replyText(term) === "") return null;
    const state = {
      holder: decodeHolder(replyText(holder)),
      term: replyNumber(term),
      remainingMs: replyNumber(remaining),
      renewal: replyText(until),
    };
    // Taken before, by a step whose answer was lost.
    if (state.holder?.id === this.#driver.holder.id) this.#driver.leaseTaken(state.term);
    return state;
  }

  async take(seen: LeaseState | null, holder: LeaseHolder): Promise<boolean> {
    const reply = await this.#session.run(
      STEP,
      (connection) =>
        TAKE_LEASE_SCRIPT.run(connection, [this.#queue], [
          seen === null ? "" : String(seen.term),
          seen?.renewal ?? "",
          holder.id,
          encodeHolder(holder),
          String(LEASE_TIMES.runsForMs),
          String(LAYOUT_VERSION),
        ]),
    );
    const term = replyNumber(reply);
    if (term > 0) this.#driver.leaseTaken(term);
    return term > 0;
  }
}

function requireKnownVersion(version: string): void {
  if (version === "" || Number(version) === LAYOUT_VERSION) return;
  throw new StoreError(
    "CANNOT_OPEN",
    `a newer cogd made this queue (its layout has version ${version}, this cogd knows ` +
      `${LAYOUT_VERSION}); start that one, or give this one another --redis-prefix`,
  );
}

import { Buffer } from "node:buffer";
import {
  decodeHolder,
  encodeHolder,
  LEASE_TIMES,
  type LeaseHolder,
  type LeaseState,
  takenOver,
} from "../../src/plugin_api/mod.ts";
import type { PostgresConnection } from "./connection.ts";
import { StaleTerm } from "./faults.ts";
import type { Tables } from "./schema.ts";

/** What a write is compared with: it counts only while the queue has this term. */
export interface Fence {
  /** Number of the queue. */
  readonly queue: number;
  readonly term: number;
}

const RUNS_OUT = `clock_timestamp() + interval '${LEASE_TIMES.runsForMs} ms'`;

/** One namespace's row in the table of queues, with its lease. Each step is one statement. */
export class QueueLease {
  readonly #tables: Tables;
  readonly #namespace: Buffer;
  readonly #holder: LeaseHolder;
  #fence: Fence | null = null;

  constructor(tables: Tables, namespace: string, holder: LeaseHolder) {
    this.#tables = tables;
    this.#namespace = Buffer.from(namespace);
    this.#holder = holder;
  }

  /** Null while this server does not hold it. */
  get fence(): Fence | null {
    return this.#fence;
  }

  /** Null when nobody ever held it. */
  async read(connection: PostgresConnection): Promise<LeaseState | null> {
    const [row] = await connection.query(
      "SELECT term, holder, expires_at, " +
        "ceil(extract(epoch FROM expires_at - clock_timestamp()) * 1000)::int8, id " +
        `FROM ${this.#tables.queue} WHERE namespace = $1`,
      [this.#namespace],
    );
    if (row === undefined) return null;
    const [term, holder, renewal, remaining, id] = row;
    const state = {
      holder: decodeHolder(holder ?? ""),
      term: Number(term),
      remainingMs: Number(remaining),
      renewal: renewal ?? "",
    };
    // The answer to `take` was lost, but it worked.
    if (state.holder?.id === this.#holder.id) this.#keep(id, term);
    return state;
  }

  async take(connection: PostgresConnection, seen: LeaseState | null): Promise<boolean> {
    const holder = encodeHolder(this.#holder);
    const { queue } = this.#tables;
    const rows = seen === null
      ? await connection.query(
        `INSERT INTO ${queue} (id, namespace, term, holder, expires_at) ` +
          `SELECT coalesce(max(id), 0) + 1, $1, 1, $2, ${RUNS_OUT} FROM ${queue} ` +
          "ON CONFLICT DO NOTHING RETURNING id, term",
        [this.#namespace, holder],
      )
      : await connection.query(
        `UPDATE ${queue} SET term = term + 1, holder = $2, expires_at = ${RUNS_OUT} ` +
          "WHERE namespace = $1 AND term = $3 AND expires_at = $4 RETURNING id, term",
        [this.#namespace, holder, `${seen.term}`, seen.renewal],
      );
    const [row] = rows;
    if (row === undefined) return false;
    this.#keep(row[0], row[1]);
    return true;
  }

  /**
   * Begins another session of the same holder: nothing that an earlier one may still have under way
   * takes effect after that. Throws `TAKEN_OVER`.
   */
  async raise(connection: PostgresConnection): Promise<void> {
    const [row] = await connection.query(
      `UPDATE ${this.#tables.queue} SET term = term + 1, expires_at = ${RUNS_OUT} ` +
        "WHERE namespace = $1 AND holder = $2 RETURNING id, term",
      [this.#namespace, encodeHolder(this.#holder)],
    );
    if (row === undefined) throw await this.loss(connection);
    this.#keep(row[0], row[1]);
  }

  /** Throws `TAKEN_OVER`, or `StaleTerm`. */
  async renew(connection: PostgresConnection): Promise<void> {
    const rows = await connection.query(
      `UPDATE ${this.#tables.queue} SET expires_at = ${RUNS_OUT} ` +
        "WHERE id = $1 AND term = $2 RETURNING id",
      this.#fenceValues(),
      "cogd_renew",
    );
    if (rows.length === 0) throw await this.loss(connection);
  }

  /** Gives it back, so that the next server need not wait. */
  async giveBack(connection: PostgresConnection): Promise<void> {
    await connection.query(
      `UPDATE ${this.#tables.queue} SET holder = '', expires_at = clock_timestamp() ` +
        "WHERE id = $1 AND term = $2",
      this.#fenceValues(),
    );
  }

  /** Why a write found another term: `TAKEN_OVER`, or `StaleTerm` where the holder is still this one. */
  async loss(connection: PostgresConnection): Promise<Error> {
    const fence = this.#fence;
    const holder = (await this.read(connection))?.holder ?? null;
    this.#fence = fence;
    return holder?.id === this.#holder.id ? new StaleTerm() : takenOver(holder);
  }

  #keep(id: string | null | undefined, term: string | null | undefined): void {
    this.#fence = { queue: Number(id), term: Number(term) };
  }

  #fenceValues(): string[] {
    const { queue, term } = this.#fence ?? { queue: 0, term: 0 };
    return [`${queue}`, `${term}`];
  }
}

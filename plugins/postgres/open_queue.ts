import {
  acquireLease,
  Adoption,
  type ExportOutcome,
  type ExportPlan,
  type LeaseHolder,
  newLeaseHolder,
  type Operation,
  recordsOfHighWater,
  SteadySession,
  type StoreBatch,
  type StoredJob,
  StoreError,
  type StoreFigures,
  type StoreHost,
} from "../../src/plugin_api/mod.ts";
import { commitQuery } from "./commit_query.ts";
import type { PostgresConnection } from "./connection.ts";
import { loadDriver } from "./driver.ts";
import { exportJobs } from "./gearmand_export.ts";
import { GearmandTable } from "./gearmand_table.ts";
import { MAX_WORKLOAD_BYTES } from "./limits.ts";
import { QueueLease } from "./queue_lease.ts";
import { ReplayReader } from "./replay_reader.ts";
import { prepareSchema, type Tables } from "./schema.ts";
import { PostgresSessions } from "./session.ts";
import type { PostgresSettings } from "./settings.ts";

const PREPARE: Operation = { action: "prepare", deadlineMs: 60_000, writes: true };
const LEASE: Operation = {
  action: "take the lease of",
  deadlineMs: 10_000,
  writes: true,
  patienceMs: 15_000,
};
/** Large queues take a while to be moved; nobody waits for it but the start. */
const ADOPT: Operation = { action: "adopt the queue in", deadlineMs: 30 * 60_000, writes: true };
const EXPORT: Operation = { action: "export the queue in", deadlineMs: 30 * 60_000, writes: true };
/** A replay is not given up when the server is away for a moment. */
const READ: Operation = {
  action: "read",
  deadlineMs: 30_000,
  writes: false,
  patienceMs: 120_000,
};
const LEAVE: Operation = { action: "leave", deadlineMs: 2000, writes: true };

/** Tables and lease of one namespace, and a session to use them with. */
export class OpenQueue {
  readonly sessions: PostgresSessions;
  readonly #session: SteadySession<PostgresConnection>;
  readonly #tables: Tables;
  readonly #lease: QueueLease;
  readonly #namespace: string;
  readonly reader: ReplayReader;
  /** The highest key that was there when it was opened. */
  #end = 0;

  private constructor(
    session: SteadySession<PostgresConnection>,
    sessions: PostgresSessions,
    tables: Tables,
    lease: QueueLease,
    namespace: string,
  ) {
    this.#session = session;
    this.sessions = sessions;
    this.#tables = tables;
    this.#lease = lease;
    this.#namespace = namespace;
    this.reader = new ReplayReader(tables, lease.fence?.queue ?? 0, namespace);
  }

  /** Connects, takes the lease, adopts C gearmand's table unless told not to. Rejects with a `StoreError`. */
  static async open(
    settings: PostgresSettings,
    host: StoreHost,
    adopts = true,
  ): Promise<OpenQueue> {
    const log = host.log.bind(host);
    const sessions = new PostgresSessions(await loadDriver(), settings, log);
    const secrets = settings.hosts.map(({ password }) => password);
    const session = new SteadySession(sessions, { log, secrets });
    try {
      await session.open();
      const tables = await session.run(PREPARE, prepareSchema);
      const lease = await takeLease(session, sessions, tables, host);
      const queue = new OpenQueue(session, sessions, tables, lease, host.namespace);
      try {
        if (adopts) await queue.#adopt(settings.gearmandTable, host);
        queue.#end = await queue.read((connection) => queue.reader.lastKey(connection));
        return queue;
      } catch (error) {
        await queue.close();
        throw error;
      }
    } catch (error) {
      await session.close();
      throw cannotOpen(error);
    }
  }

  /** Settles when another server has the queue. */
  get lost(): Promise<Error> {
    return this.#session.lost;
  }

  get figures(): StoreFigures {
    return { reconnects: this.#session.reconnects };
  }

  get end(): number {
    return this.#end;
  }

  /** Writes a batch, one attempt, whole or not at all. Rejects with a `StoreError`. */
  async write(batch: StoreBatch, deadlineMs: number): Promise<void> {
    await this.#session.run(
      { action: "write to", deadlineMs, writes: true },
      (connection) => this.#writeOn(connection, batch),
    );
  }

  /** Repeats the reading while the server is away for a moment. Rejects with a `StoreError`. */
  read<T>(work: (connection: PostgresConnection) => Promise<T>): Promise<T> {
    return this.#session.run(READ, work);
  }

  /** Moves the jobs into C gearmand's table, in one transaction. Rejects with a `StoreError`. */
  async export(table: string, plan: ExportPlan): Promise<ExportOutcome> {
    return await this.#session.run(EXPORT, (connection) =>
      exportJobs(connection, {
        table,
        place: this.sessions.place,
        plan,
        reader: this.reader,
        end: this.#end,
        remove: (keys) => this.#writeOn(connection, { add: [], update: [], remove: keys, put: [] }),
      }));
  }

  /** Gives the lease back, so that the next server can begin at once; without an answer it runs out. */
  async close(): Promise<void> {
    await this.#session.run(LEAVE, (connection) => this.#lease.giveBack(connection))
      .catch(() => {});
    await this.#session.close();
  }

  async #writeOn(connection: PostgresConnection, batch: StoreBatch): Promise<void> {
    const fence = this.#lease.fence ?? { queue: 0, term: 0 };
    const { text, values, name } = commitQuery(this.#tables, fence, this.#namespace, batch);
    const rows = await connection.query(text, values, name);
    if (rows.length === 0) throw await this.#lease.loss(connection);
  }

  async #adopt(name: string, host: StoreHost): Promise<void> {
    const { place } = this.sessions;
    await this.#session.run(ADOPT, async (connection) => {
      const table = await GearmandTable.find(connection, name, place, host);
      if (table === null) return;
      const marks = await this.reader.marks(connection);
      const adoption = new Adoption(marks, host, MAX_WORKLOAD_BYTES);
      await table.adopt(adoption, (jobs: readonly StoredJob[]) => {
        const put = recordsOfHighWater(adoption.marks);
        return this.#writeOn(connection, { add: jobs, update: [], remove: [], put });
      });
      adoption.report(table.place);
    });
  }
}

async function takeLease(
  session: SteadySession<PostgresConnection>,
  sessions: PostgresSessions,
  tables: Tables,
  host: StoreHost,
): Promise<QueueLease> {
  const holder: LeaseHolder = newLeaseHolder(host.process);
  const lease = new QueueLease(tables, host.namespace, holder);
  await acquireLease({
    read: () => session.run(LEASE, (connection) => lease.read(connection)),
    take: (seen) => session.run(LEASE, (connection) => lease.take(connection, seen)),
  }, {
    holder,
    place: sessions.place,
    isGone: (other) => host.process?.isGone(other) ?? false,
    log: host.log.bind(host),
    pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  });
  sessions.lease = lease;
  return lease;
}

/** At the start a server that is away is a reason to end: whoever started this sees why at once. */
function cannotOpen(error: unknown): unknown {
  if (!(error instanceof StoreError)) return error;
  const passing = error.code === "AWAY" || error.code === "UNKNOWN_OUTCOME" ||
    error.code === "FAILED";
  return passing ? new StoreError("CANNOT_OPEN", error.message, { cause: error }) : error;
}

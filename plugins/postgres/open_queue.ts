import {
  acquireLease,
  Adoption,
  batchBytes,
  commitOperation,
  type ExportOutcome,
  type ExportPlan,
  type LeaseHolder,
  leaseSearch,
  newLeaseHolder,
  openingFault,
  recordsOfHighWater,
  SteadySession,
  STORE_OPERATIONS,
  type StoreBatch,
  type StoredJob,
  type StoreFigures,
  type StoreHost,
} from "../../src/plugin_api/mod.ts";
import { commitQuery } from "./commit_query.ts";
import type { PostgresConnection } from "./connection.ts";
import { loadPackage } from "./pg_package.ts";
import { exportJobs } from "./gearmand_export.ts";
import { GearmandTable } from "./gearmand_table.ts";
import { MAX_WORKLOAD_BYTES } from "./limits.ts";
import { QueueLease } from "./queue_lease.ts";
import { ReplayReader } from "./replay_reader.ts";
import { prepareSchema, type Tables } from "./schema.ts";
import { PostgresDriver } from "./driver.ts";
import type { PostgresSettings } from "./settings.ts";

/** Tables and lease of one namespace, and a session to use them with. */
export class OpenQueue {
  readonly driver: PostgresDriver;
  readonly #session: SteadySession<PostgresConnection>;
  readonly #tables: Tables;
  readonly #lease: QueueLease;
  readonly #namespace: string;
  readonly reader: ReplayReader;
  /** The highest key that was there when it was opened. */
  #end = 0;

  private constructor(
    session: SteadySession<PostgresConnection>,
    driver: PostgresDriver,
    tables: Tables,
    lease: QueueLease,
    namespace: string,
  ) {
    this.#session = session;
    this.driver = driver;
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
    const driver = new PostgresDriver(await loadPackage(), settings, log);
    const secrets = settings.hosts.map(({ password }) => password);
    const session = new SteadySession(driver, { log, secrets });
    try {
      await session.open();
      const tables = await session.run(STORE_OPERATIONS.prepare, prepareSchema);
      const lease = await takeLease(session, driver, tables, host);
      const queue = new OpenQueue(session, driver, tables, lease, host.namespace);
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
      throw openingFault(error);
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
  async write(batch: StoreBatch): Promise<void> {
    await this.#session.run(
      commitOperation(batchBytes(batch)),
      (connection) => this.#writeOn(connection, batch),
    );
  }

  /** Repeats the reading while the server is away for a moment. Rejects with a `StoreError`. */
  read<T>(work: (connection: PostgresConnection) => Promise<T>): Promise<T> {
    return this.#session.run(STORE_OPERATIONS.read, work);
  }

  /** Moves the jobs into C gearmand's table, in one transaction. Rejects with a `StoreError`. */
  async export(table: string, plan: ExportPlan): Promise<ExportOutcome> {
    return await this.#session.run(STORE_OPERATIONS.export, (connection) =>
      exportJobs(connection, {
        table,
        place: this.driver.place,
        plan,
        reader: this.reader,
        end: this.#end,
        remove: (keys) => this.#writeOn(connection, { add: [], update: [], remove: keys, put: [] }),
      }));
  }

  /** Gives the lease back, so that the next server can begin at once; without an answer it runs out. */
  async close(): Promise<void> {
    await this.#session.run(
      STORE_OPERATIONS.release,
      (connection) => this.#lease.giveBack(connection),
    )
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
    const { place } = this.driver;
    await this.#session.run(STORE_OPERATIONS.adopt, async (connection) => {
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
  driver: PostgresDriver,
  tables: Tables,
  host: StoreHost,
): Promise<QueueLease> {
  const holder: LeaseHolder = newLeaseHolder(host.process);
  const lease = new QueueLease(tables, host.namespace, holder);
  await acquireLease({
    read: () => session.run(STORE_OPERATIONS.takeLease, (connection) => lease.read(connection)),
    take: (seen) =>
      session.run(STORE_OPERATIONS.takeLease, (connection) => lease.take(connection, seen)),
  }, leaseSearch(host, holder, driver.place));
  driver.lease = lease;
  return lease;
}

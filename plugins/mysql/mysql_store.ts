import {
  acquireLease,
  batchBytes,
  commitOperation,
  type ExportOutcome,
  type ExportPlan,
  type JobStore,
  leaseSearch,
  newLeaseHolder,
  openingFault,
  type ReplayPage,
  SteadySession,
  STORE_OPERATIONS,
  type StoreBatch,
  type StoredJob,
  StoreError,
  type StoreFigures,
  type StoreHost,
  type StoreTraits,
} from "../../src/plugin_api/mod.ts";
import { BatchWriter, type PreparedBatch } from "./batch_writer.ts";
import type { MySqlConnection } from "./connection.ts";
import { MySqlDriver } from "./driver.ts";
import { exportJobs, prepareExport } from "./gearmand_export.ts";
import { GearmandTable } from "./gearmand_table.ts";
import {
  isLeaseLost,
  LeaseRow,
  lossOf,
  releaseLease,
  requireLease,
  requireLeaseSql,
} from "./lease_row.ts";
import { REPLAY_START, ReplayReader } from "./replay_reader.ts";
import { prepareSchema, requirePrivileges } from "./schema.ts";
import { warnOfWeakness } from "./server_settings.ts";
import type { MySqlSettings } from "./settings.ts";
import { transaction, transactionOf } from "./transaction.ts";

/**
 * What a packet holds beside a workload: the names of a job (8 KiB at most on the wire, several times that if
 * the operator allows it) and the packet's own fields.
 */
const BESIDE_WORKLOAD_BYTES = 32 * 1024;

/**
 * Up to this size a batch is sent as text, in one piece: that saves three round trips, and costs twice the
 * bytes.
 */
const SMALL_BATCH_BYTES = 64 * 1024;
interface Parts {
  readonly session: SteadySession<MySqlConnection>;
  readonly driver: MySqlDriver;
  readonly settings: MySqlSettings;
  readonly writer: BatchWriter;
  readonly reader: ReplayReader;
}

/** A store in a database of MySQL or MariaDB. */
export class MySqlStore implements JobStore {
  readonly traits: StoreTraits;
  readonly lost: Promise<Error>;
  readonly #parts: Parts;
  /** Key of the last job that was there when the store was opened. */
  readonly #end: number;
  #closing: Promise<void> | null = null;

  private constructor(parts: Parts, traits: StoreTraits, end: number) {
    this.#parts = parts;
    this.traits = traits;
    this.lost = parts.session.lost;
    this.#end = end;
  }

  get figures(): StoreFigures {
    return { reconnects: this.#parts.session.reconnects };
  }

  /** Connects, takes the lease, adopts C gearmand's table unless told not to. Rejects with a `StoreError`. */
  static async open(settings: MySqlSettings, host: StoreHost, adopts = true): Promise<MySqlStore> {
    const { scope, place } = settings;
    const driver = new MySqlDriver(settings);
    const session = new SteadySession(driver, {
      log: (level, text) => host.log(level, text),
      secrets: [settings.password],
    });
    const parts: Parts = {
      session,
      driver,
      settings,
      writer: new BatchWriter(scope, host.namespace),
      reader: new ReplayReader(scope, host.namespace, place),
    };
    try {
      await session.open();
      await session.run(STORE_OPERATIONS.prepare, async (connection) => {
        await prepareSchema(connection, scope, place);
        await transaction(connection, () => requirePrivileges(connection, scope));
      });
      await takeLease(parts, host);
      const traits = await session.run(
        STORE_OPERATIONS.prepare,
        (connection) => Promise.resolve(traitsOf(parts, connection)),
      );
      warnOfWeakness(driver.server!, place, host);
      if (adopts) await adopt(parts, traits, host);
      const end = await session.run(
        STORE_OPERATIONS.read,
        (connection) => transaction(connection, () => parts.reader.lastKey(connection)),
      );
      return new MySqlStore(parts, traits, end);
    } catch (error) {
      await session.close();
      throw openingFault(error);
    }
  }

  /** One transaction, one attempt: the server decides when to repeat it. */
  async commit(batch: StoreBatch): Promise<void> {
    this.#requireOpen();
    for (const job of batch.add) this.#requireFitting(job);
    const { session, driver, settings, writer } = this.#parts;
    await session.run(commitOperation(batchBytes(batch)), async (connection) => {
      const prepared = writer.prepare(connection, batch);
      if (prepared.bytes <= SMALL_BATCH_BYTES) {
        await this.#commitSmall(connection, prepared);
        return;
      }
      await transaction(connection, async () => {
        await requireLease(connection, settings.scope, driver.holder);
        await writer.write(connection, prepared);
      });
    });
  }

  async #commitSmall(connection: MySqlConnection, prepared: PreparedBatch): Promise<void> {
    const { driver, settings: { scope }, writer } = this.#parts;
    const statements = writer.statements(prepared);
    try {
      await transactionOf(connection, [requireLeaseSql(connection, scope), ...statements]);
    } catch (error) {
      if (!isLeaseLost(error)) throw error;
      throw await transaction(connection, () => lossOf(connection, scope, driver.holder));
    }
  }

  async *replay(): AsyncGenerator<ReplayPage> {
    const { session, reader } = this.#parts;
    let position = REPLAY_START;
    for (;;) {
      this.#requireOpen();
      const read = await session.run(
        STORE_OPERATIONS.read,
        (connection) => transaction(connection, () => reader.page(connection, position, this.#end)),
      );
      if (read === null) return;
      position = read.next;
      yield read.page;
    }
  }

  async exportToGearmand(plan: ExportPlan): Promise<ExportOutcome> {
    this.#requireOpen();
    const { session, driver, settings, writer, reader } = this.#parts;
    const { gearmandTable: table, place, scope } = settings;
    return await session.run(STORE_OPERATIONS.export, async (connection) => {
      await prepareExport(connection, table);
      return await transaction(connection, async () => {
        await requireLease(connection, scope, driver.holder);
        const end = this.#end;
        return await exportJobs(connection, { table, place, plan, reader, writer, end });
      });
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { session, settings } = this.#parts;
    await session.run(
      STORE_OPERATIONS.release,
      (connection) => releaseLease(connection, settings.scope),
    )
      .catch(() => {});
    await session.close();
  }

  #requireFitting(job: StoredJob): void {
    const { maxWorkloadBytes, description } = this.traits;
    if (job.workload.length <= maxWorkloadBytes) return;
    throw new StoreError(
      "TOO_LARGE",
      `Cannot store job ${job.handle}: its workload has ${job.workload.length} bytes, ` +
        `${description} takes ${maxWorkloadBytes} (its max_allowed_packet, less the job's names)`,
    );
  }

  #requireOpen(): void {
    if (this.#closing === null) return;
    throw new StoreError("CLOSED", `Cannot use ${this.traits.description}: it is closed`);
  }
}

async function takeLease(parts: Parts, host: StoreHost): Promise<void> {
  const { session, driver, settings } = parts;
  const holder = newLeaseHolder(host.process);
  const place = new LeaseRow(session, settings.scope);
  await acquireLease(place, leaseSearch(host, holder, settings.place));
  driver.holder = holder;
}

function traitsOf({ settings, driver }: Parts, connection: MySqlConnection): StoreTraits {
  const maxWorkloadBytes = connection.maxPacketBytes - BESIDE_WORKLOAD_BYTES;
  if (maxWorkloadBytes <= BESIDE_WORKLOAD_BYTES) {
    throw new StoreError(
      "CANNOT_OPEN",
      `Cannot use ${settings.place}: its max_allowed_packet is ${connection.maxPacketBytes} bytes; ` +
        "no job fits, raise it",
    );
  }
  return {
    durability: driver.server!.durability,
    maxWorkloadBytes,
    description: settings.place,
  };
}

async function adopt(parts: Parts, traits: StoreTraits, host: StoreHost): Promise<void> {
  const { session, driver, settings, writer, reader } = parts;
  const { gearmandTable, place, scope } = settings;
  const adoption = await session.run(
    STORE_OPERATIONS.adopt,
    (connection) =>
      transaction(connection, async () => {
        const table = await GearmandTable.find(connection, gearmandTable, host);
        if (table === null) return null;
        await requireLease(connection, scope, driver.holder);
        const marks = await reader.marks(connection);
        return await table.adopt(writer, marks, host, traits.maxWorkloadBytes);
      }),
  );
  adoption?.report(`table "${gearmandTable}" of ${place}`);
}

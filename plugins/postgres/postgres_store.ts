import {
  acquireLease,
  Adoption,
  type JobStore,
  type LeaseHolder,
  newLeaseHolder,
  recordsOfHighWater,
  type ReplayPage,
  SteadySession,
  type StoreBatch,
  type StoredJob,
  StoreError,
  type StoreHost,
  type StoreTraits,
} from "../../src/plugin_api/mod.ts";
import { commitQuery } from "./commit_query.ts";
import type { PostgresConnection } from "./connection.ts";
import { loadDriver } from "./driver.ts";
import { GearmandTable } from "./gearmand_table.ts";
import {
  ADOPTION_DEADLINE_MS,
  commitDeadlineMs,
  MAX_WORKLOAD_BYTES,
  PAGE_DEADLINE_MS,
  REPLAY_PATIENCE_MS,
  STEP_DEADLINE_MS,
} from "./limits.ts";
import { QueueLease } from "./queue_lease.ts";
import { ReplayReader } from "./replay_reader.ts";
import { prepareSchema, type Tables } from "./schema.ts";
import { PostgresSessions } from "./session.ts";
import type { PostgresSettings } from "./settings.ts";

type Session = SteadySession<PostgresConnection>;

/** What an open store stands on. */
interface Opened {
  readonly session: Session;
  readonly sessions: PostgresSessions;
  readonly tables: Tables;
  readonly lease: QueueLease;
  readonly reader: ReplayReader;
  readonly namespace: string;
  /** The highest key that was there when the store was opened. */
  readonly end: number;
}

/** A store in a PostgreSQL database. One session, one statement per commit. */
export class PostgresStore implements JobStore {
  readonly traits: StoreTraits;
  readonly #parts: Opened;
  #closing: Promise<void> | null = null;

  private constructor(parts: Opened) {
    this.#parts = parts;
    this.traits = {
      durability: parts.sessions.durability,
      maxWorkloadBytes: MAX_WORKLOAD_BYTES,
      description: parts.sessions.place,
    };
  }

  /** Rejects with a `StoreError`. */
  static async open(settings: PostgresSettings, host: StoreHost): Promise<PostgresStore> {
    const log = host.log.bind(host);
    const sessions = new PostgresSessions(await loadDriver(), settings, log);
    const secrets = settings.hosts.map(({ password }) => password);
    const session = new SteadySession(sessions, { log, secrets });
    try {
      await session.open();
      return new PostgresStore(await prepare(session, sessions, settings, host));
    } catch (error) {
      await giveBack(session, sessions.lease);
      await session.close();
      throw error;
    }
  }

  async commit(batch: StoreBatch): Promise<void> {
    this.#requireOpen();
    const { session, tables, namespace } = this.#parts;
    const operation = {
      action: "write to",
      deadlineMs: commitDeadlineMs(bytesOf(batch)),
      writes: true,
    };
    await session.run(
      operation,
      (connection) => write(connection, this.#parts, tables, namespace, batch),
    );
  }

  /** While the server takes in a page, the next one is read. */
  async *replay(): AsyncGenerator<ReplayPage> {
    const pages = this.#pages();
    let next = pages.next();
    for (;;) {
      const { value, done } = await next;
      if (done === true) return;
      next = pages.next();
      // Whoever reads on learns of a failure; whoever does not need not know.
      next.catch(() => {});
      yield value;
    }
  }

  async *#pages(): AsyncGenerator<ReplayPage, void> {
    const { reader, end } = this.#parts;
    for (let after = "";;) {
      const records = await this.#read((connection) => reader.records(connection, after));
      const last = records.at(-1);
      if (last === undefined) break;
      after = last.name;
      yield { records, jobs: [] };
    }
    for (let after = 0;;) {
      const jobs = await this.#read((connection) => reader.jobs(connection, after, end));
      const last = jobs.at(-1);
      if (last === undefined) return;
      after = last.key;
      yield { records: [], jobs };
    }
  }

  #read<T>(work: (connection: PostgresConnection) => Promise<T>): Promise<T> {
    this.#requireOpen();
    return this.#parts.session.run({
      action: "read",
      deadlineMs: PAGE_DEADLINE_MS,
      writes: false,
      patienceMs: REPLAY_PATIENCE_MS,
    }, work);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { session, lease } = this.#parts;
    await giveBack(session, lease);
    await session.close();
  }

  #requireOpen(): void {
    if (this.#closing === null) return;
    throw new StoreError("CLOSED", `Cannot use ${this.traits.description}: it is closed`);
  }
}

/** Tables, lease, adoption: all that comes between connecting and the first commit. */
async function prepare(
  session: Session,
  sessions: PostgresSessions,
  settings: PostgresSettings,
  host: StoreHost,
): Promise<Opened> {
  const step = { action: "open", deadlineMs: STEP_DEADLINE_MS, writes: true };
  const tables = await session.run(step, prepareSchema);
  const holder = newLeaseHolder(host.process);
  const lease = new QueueLease(tables, host.namespace, holder);
  await acquire(session, lease, holder, sessions, host);
  sessions.lease = lease;
  const { namespace } = host;
  const queue = lease.fence?.queue ?? 0;
  const parts = { session, sessions, tables, lease, namespace };
  const reader = new ReplayReader(tables, queue, namespace);
  await adopt(parts, reader, settings, host);
  const end = await session.run(
    { action: "read", deadlineMs: PAGE_DEADLINE_MS, writes: false },
    (connection) => reader.lastKey(connection),
  );
  return { ...parts, reader, end };
}

async function acquire(
  session: Session,
  lease: QueueLease,
  holder: LeaseHolder,
  sessions: PostgresSessions,
  host: StoreHost,
): Promise<void> {
  const step = { action: "open", deadlineMs: STEP_DEADLINE_MS, writes: true };
  await acquireLease({
    read: () => session.run(step, (connection) => lease.read(connection)),
    take: (seen) => session.run(step, (connection) => lease.take(connection, seen)),
  }, {
    holder,
    place: sessions.place,
    isGone: (other) => host.process?.isGone(other) ?? false,
    log: host.log.bind(host),
    pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  });
}

async function adopt(
  parts: Omit<Opened, "reader" | "end">,
  reader: ReplayReader,
  settings: PostgresSettings,
  host: StoreHost,
): Promise<void> {
  const { session, sessions, tables, namespace } = parts;
  const operation = { action: "open", deadlineMs: ADOPTION_DEADLINE_MS, writes: true };
  const name = settings.gearmandTable;
  await session.run(operation, async (connection) => {
    const table = await GearmandTable.find(connection, name, sessions.place, host);
    if (table === null) return;
    const adoption = new Adoption(await reader.marks(connection), host, MAX_WORKLOAD_BYTES);
    await table.adopt(adoption, (jobs: readonly StoredJob[]) => {
      const put = recordsOfHighWater(adoption.marks);
      const batch = { add: jobs, update: [], remove: [], put };
      return write(connection, parts, tables, namespace, batch);
    });
    adoption.report(table.place);
  });
}

/** Writes a batch in one statement. Rejects when the queue has another term by now. */
async function write(
  connection: PostgresConnection,
  { lease }: Pick<Opened, "lease">,
  tables: Tables,
  namespace: string,
  batch: StoreBatch,
): Promise<void> {
  const fence = lease.fence ?? { queue: 0, term: 0 };
  const { text, values, name } = commitQuery(tables, fence, namespace, batch);
  const rows = await connection.query(text, values, name);
  if (rows.length === 0) await lease.explain(connection);
}

/** Lets the next server begin at once. If that fails, it has to wait until the lease has run out. */
async function giveBack(session: Session, lease: QueueLease | null): Promise<void> {
  if (lease === null || !session.healthy) return;
  const operation = { action: "leave", deadlineMs: STEP_DEADLINE_MS, writes: true };
  await session.run(operation, (connection) => lease.giveBack(connection)).catch(() => {});
}

function bytesOf(batch: StoreBatch): number {
  let bytes = 0;
  for (const { workload, outcome } of batch.add) {
    bytes += workload.length + (outcome?.result.length ?? 0);
  }
  for (const { outcome } of batch.update) bytes += outcome?.result.length ?? 0;
  return bytes;
}

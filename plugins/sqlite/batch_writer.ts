import { crc32 } from "node:zlib";
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { type Life, STATES } from "./packer.ts";
import type { ReplayPosition } from "./replay_position.ts";
import type { FixedPart, Unpacker } from "./unpacker.ts";

/** Rows per statement: half of an insert's cost is the call of the statement. */
const GROUP = 8;

/** Columns of a job to which nothing has happened yet; the others have the schema's defaults. */
const FRESH_COLUMNS = [
  "key",
  "handle",
  "function_name",
  "unique_id",
  "priority",
  "accepted_at",
  "fixed_sum",
  "workload",
] as const;

const ALL_COLUMNS = [
  ...FRESH_COLUMNS,
  "reducer",
  "namespace",
  "attempts",
  "not_before",
  "state",
  "finished_at",
  "expires_at",
  "result",
  "life_sum",
] as const;

/** Writes packed batches into the tables, within a transaction of the caller. */
export class BatchWriter {
  readonly #insertFreshGroup: StatementSync;
  readonly #insertFresh: StatementSync;
  readonly #insert: StatementSync;
  readonly #update: StatementSync;
  readonly #removeGroup: StatementSync;
  readonly #remove: StatementSync;
  readonly #insertRecord: StatementSync;
  readonly #updateRecord: StatementSync;
  readonly #removeRecord: StatementSync;
  readonly #count: StatementSync;

  constructor(db: DatabaseSync) {
    this.#insertFreshGroup = db.prepare(insertSql(FRESH_COLUMNS, GROUP));
    this.#insertFresh = db.prepare(insertSql(FRESH_COLUMNS, 1));
    this.#insert = db.prepare(insertSql(ALL_COLUMNS, 1));
    this.#update = db.prepare(
      "UPDATE cogd_job SET attempts = ?, not_before = ?, state = ?, finished_at = ?, " +
        "expires_at = ?, result = ?, life_sum = ? WHERE key = ?",
    );
    this.#removeGroup = db.prepare(`DELETE FROM cogd_job WHERE key IN (${places(GROUP)})`);
    this.#remove = db.prepare("DELETE FROM cogd_job WHERE key = ?");
    this.#insertRecord = db.prepare(
      "INSERT INTO cogd_record (value, sum, name) VALUES (?, ?, ?)",
    );
    this.#updateRecord = db.prepare("UPDATE cogd_record SET value = ?, sum = ? WHERE name = ?");
    this.#removeRecord = db.prepare("DELETE FROM cogd_record WHERE name = ?");
    this.#count = db.prepare("UPDATE cogd_queue SET jobs = jobs + ?, records = records + ?");
  }

  /** Everything in a buffer that `packBatch` made. `replay`, if one may be under way, learns of it. */
  write(batch: Unpacker, replay: ReplayPosition | null): void {
    const added = this.#add(batch);
    this.#change(batch);
    const removed = this.#removeAll(batch, replay);
    const records = this.#putAll(batch, replay);
    if (added !== removed || records !== 0) this.#count.run(added - removed, records);
  }

  /** Answers how many were not there yet. */
  #add(batch: Unpacker): number {
    const fresh = new Group(FRESH_COLUMNS.length, this.#insertFreshGroup, this.#insertFresh);
    let others = 0;
    for (let left = batch.count(); left > 0; left--) {
      const part = batch.fixed();
      const lifeAt = batch.position;
      const life = batch.life();
      if (isFresh(part, life)) {
        fresh.push(fixedValues(batch, part));
      } else {
        const lifeSum = crc32(batch.view(lifeAt, batch.position));
        others += Number(
          this.#insert.run(
            ...fixedValues(batch, part),
            batch.view(part.reducer, part.namespace),
            batch.view(part.namespace, part.workload),
            ...lifeValues(life, lifeSum),
          ).changes,
        );
      }
    }
    return fresh.finish() + others;
  }

  #change(batch: Unpacker): void {
    for (let left = batch.count(); left > 0; left--) {
      const key = batch.number();
      const lifeAt = batch.position;
      const life = batch.life();
      const lifeSum = crc32(batch.view(lifeAt, batch.position));
      this.#update.run(...lifeValues(life, lifeSum), key);
    }
  }

  /** Answers how many were there. */
  #removeAll(batch: Unpacker, replay: ReplayPosition | null): number {
    const removed = new Group(1, this.#removeGroup, this.#remove);
    for (let left = batch.count(); left > 0; left--) {
      const key = batch.number();
      replay?.jobRemoved(key);
      removed.push([key]);
    }
    return removed.finish();
  }

  /** Answers by how many the records have become more. */
  #putAll(batch: Unpacker, replay: ReplayPosition | null): number {
    let more = 0;
    for (let left = batch.count(); left > 0; left--) {
      replay?.recordPut();
      const { name, value } = batch.record();
      if (value === null) {
        more -= Number(this.#removeRecord.run(name).changes);
      } else if (Number(this.#updateRecord.run(value, crc32(value), name).changes) === 0) {
        this.#insertRecord.run(value, crc32(value), name);
        more++;
      }
    }
    return more;
  }
}

/** Gathers rows until a statement for `GROUP` of them can run; the rest goes one by one. */
class Group {
  readonly #width: number;
  readonly #whole: StatementSync;
  readonly #single: StatementSync;
  #values: SQLInputValue[] = [];
  #changes = 0;

  constructor(width: number, whole: StatementSync, single: StatementSync) {
    this.#width = width;
    this.#whole = whole;
    this.#single = single;
  }

  push(row: readonly SQLInputValue[]): void {
    this.#values.push(...row);
    if (this.#values.length < GROUP * this.#width) return;
    this.#changes += Number(this.#whole.run(...this.#values).changes);
    this.#values = [];
  }

  /** Answers how many rows all statements have changed. */
  finish(): number {
    for (let at = 0; at < this.#values.length; at += this.#width) {
      const row = this.#values.slice(at, at + this.#width);
      this.#changes += Number(this.#single.run(...row).changes);
    }
    return this.#changes;
  }
}

function isFresh(part: FixedPart, life: Life): boolean {
  return part.reducer === part.workload && life.state === "queued" && life.attempts === 0 &&
    life.notBefore === 0;
}

/** Values of `FRESH_COLUMNS`. */
function fixedValues(batch: Unpacker, part: FixedPart): SQLInputValue[] {
  return [
    part.key,
    batch.view(part.handle, part.functionName),
    batch.view(part.functionName, part.unique),
    batch.view(part.unique, part.reducer),
    part.priority,
    part.acceptedAt,
    crc32(batch.view(part.start, part.end)),
    batch.view(part.workload, part.end),
  ];
}

/** Values of the columns from `attempts` to `life_sum`. */
function lifeValues(life: Life, lifeSum: number): SQLInputValue[] {
  const { outcome } = life;
  return [
    life.attempts,
    life.notBefore,
    STATES.indexOf(life.state),
    outcome?.finishedAt ?? null,
    outcome?.expiresAt ?? null,
    outcome?.result ?? null,
    lifeSum,
  ];
}

/** An insert that leaves known keys as they are, so that a batch can be repeated. */
function insertSql(columns: readonly string[], rows: number): string {
  const row = `(${places(columns.length)})`;
  return `INSERT INTO cogd_job (${columns.join(", ")}) VALUES ${
    new Array(rows).fill(row).join(", ")
  } ON CONFLICT (key) DO NOTHING`;
}

function places(count: number): string {
  return new Array(count).fill("?").join(", ");
}

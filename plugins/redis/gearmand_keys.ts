import type { Buffer } from "node:buffer";
import {
  Adoption,
  type HighWater,
  recordsOfHighWater,
  REPLAY_PAGE_LIMITS,
  type StoreHost,
} from "../../src/plugin_api/mod.ts";
import { EntryWriter } from "./batch_format.ts";
import { type GearmandKey, obstacleOf, peeked, readCommand, rowOf } from "./gearmand_entry.ts";
import type { KeySpace } from "./key_space.ts";
import type { RedisArgument, RedisReply } from "./connection.ts";
import { replyBytes, replyList, replyText } from "./script.ts";

/** How many keys of the database SCAN looks at in one step: a millisecond or so of Redis's time. */
const SCAN_COUNT = 1000;
/** How many keys are described when they are left; the others are only counted. */
const DESCRIBED = 10;
/** Functions that are remembered to tell hyphens apart. Nobody has more. */
const MOST_FUNCTIONS = 100_000;

/** What the adoption asks of the store. Every step may be repeated. */
export interface AdoptionSteps {
  read(commands: readonly (readonly RedisArgument[])[]): Promise<RedisReply[]>;
  peek(keys: readonly Buffer[]): Promise<RedisReply>;
  /** Writes entries, all or none. */
  write(entries: readonly Buffer[]): Promise<void>;
}

/** Where the jobs go, and what they may be. */
export interface AdoptionTarget {
  readonly keys: KeySpace;
  readonly place: string;
  readonly marks: HighWater;
  readonly maxWorkloadBytes: number;
  readonly host: StoreHost;
}

/**
 * Moves the jobs of C gearmand's redis queue into this queue, some at a time: a batch of jobs is added in
 * the very step that removes its keys. Answers how many there were. Redis keeps them in no order.
 */
export async function adoptKeys(steps: AdoptionSteps, target: AdoptionTarget): Promise<number> {
  const move = new Move(steps, target);
  await move.learnFunctions();
  if (move.found) await move.run();
  return move.adopted;
}

class Move {
  readonly #steps: AdoptionSteps;
  readonly #target: AdoptionTarget;
  readonly #adoption: Adoption;
  readonly #start: Buffer;
  /** Functions that are certain: named by a value, or by a key with one hyphen. */
  readonly #functions = new Set<string>();
  readonly #left: string[] = [];
  #leftCount = 0;
  #guessed = 0;
  found = false;

  constructor(steps: AdoptionSteps, target: AdoptionTarget) {
    this.#steps = steps;
    this.#target = target;
    this.#adoption = new Adoption(target.marks, target.host, target.maxWorkloadBytes);
    this.#start = target.keys.gearmandStart;
  }

  get adopted(): number {
    return this.#adoption.adopted;
  }

  async learnFunctions(): Promise<void> {
    for await (const entries of this.#entries()) {
      this.found = true;
      for (const { functionName, text } of entries) {
        if (this.#functions.size >= MOST_FUNCTIONS) break;
        if (functionName !== "") this.#functions.add(functionName);
        else if (text.split("-").length === 2) {
          this.#functions.add(text.slice(0, text.indexOf("-")));
        }
      }
    }
  }

  async run(): Promise<void> {
    for await (const entries of this.#entries()) {
      const readable = entries.filter((entry) => {
        const obstacle = entry.kind === "none" ? null : obstacleOf(entry);
        if (obstacle !== null) this.#leave(entry, obstacle);
        return obstacle === null && entry.kind !== "none";
      });
      for (const group of groupsOf(readable)) await this.#adopt(group);
    }
    this.#report();
  }

  /** All keys with the prefix, in the pieces in which SCAN brings them; some may come twice. */
  async *#entries(): AsyncGenerator<GearmandKey[]> {
    const { keys } = this.#target;
    let cursor = "0";
    do {
      const [scanned] = await this.#steps.read([
        ["SCAN", cursor, "MATCH", keys.gearmandPattern, "COUNT", String(SCAN_COUNT)],
      ]);
      const [next, names] = replyList(scanned);
      cursor = replyText(next);
      const unique = new Map(
        replyList(names).map(replyBytes).filter((key) => this.#isOurs(key))
          .map((key) => [key.toString("latin1"), key] as const),
      );
      if (unique.size === 0) continue;
      const found = [...unique.values()];
      yield peeked(found, this.#start.length, await this.#steps.peek(found));
    } while (cursor !== "0");
  }

  #isOurs(key: Buffer): boolean {
    return key.length > this.#start.length &&
      key.subarray(0, this.#start.length).equals(this.#start);
  }

  async #adopt(entries: readonly GearmandKey[]): Promise<void> {
    const values = await this.#steps.read(entries.map(readCommand));
    const writer = new EntryWriter();
    const before = this.adopted;
    entries.forEach((entry, i) => {
      const value = values[i] ?? null;
      // Gone meanwhile: somebody else has done the job.
      if (value === null || Array.isArray(value) && value.length === 0) return;
      const read = rowOf(entry, value, this.#functions);
      if (typeof read === "string") return this.#leave(entry, read);
      const job = this.#adoption.adopt(read.row);
      if ("unreadable" in job) return;
      if (read.guessed) this.#guessed++;
      writer.adopt(entry.key);
      writer.add(job);
    });
    if (this.adopted === before) return;
    for (const record of recordsOfHighWater(this.#adoption.marks)) writer.put(record);
    await this.#steps.write(writer.finish());
  }

  #leave({ key }: GearmandKey, why: string): void {
    this.#leftCount++;
    if (this.#left.length >= DESCRIBED) return;
    const name = JSON.stringify(key.toString("latin1").slice(0, 80));
    this.#left.push(`key ${name}: ${why}`);
  }

  #report(): void {
    const { host, keys, place } = this.#target;
    const where = `keys ${JSON.stringify(`${keys.gearmandPrefix}-*`)} of ${place}`;
    this.#adoption.report(where);
    if (this.#guessed > 0) {
      host.log(
        "NOTICE",
        `In ${where}, ${this.#guessed} had more than one hyphen: function and unique ID were told apart by ` +
          "the functions of other keys, or at the first hyphen as in C gearmand",
      );
    }
    if (this.#leftCount === 0) return;
    host.log(
      "WARNING",
      `Left ${this.#leftCount} ${where} as they are: C gearmand did not write them`,
    );
    for (const line of this.#left) host.log("WARNING", `Left ${line}`);
  }
}

/** Pieces that fit into memory and into one step; an entry that is too large for that comes alone. */
function groupsOf(entries: readonly GearmandKey[]): GearmandKey[][] {
  const groups: GearmandKey[][] = [];
  let bytes = Infinity;
  for (const entry of entries) {
    bytes += entry.size;
    if (bytes > REPLAY_PAGE_LIMITS.bytes) {
      groups.push([]);
      bytes = entry.size;
    }
    groups.at(-1)!.push(entry);
  }
  return groups;
}

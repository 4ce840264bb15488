import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import type { ByteString } from "../../src/protocol/mod.ts";
import {
  COGD_BINARIES,
  type CogdFlavour,
  deadline,
  flavourMissing,
  Random,
  seedFrom,
  startCogd,
  temporaryFolder,
} from "../support/mod.ts";
import { drain } from "./drain.ts";
import { frozenCopy } from "./frozen_copy.ts";
import { inspect, knownJobs } from "./inspection.ts";
import { Ledger } from "./ledger.ts";
import { Load } from "./load.ts";
import { Submissions } from "./submissions.ts";
import { SubmittingClient } from "./submitting_client.ts";

const FUNCTIONS = ["resize", "mail"];
const SNAPSHOTS = 6;
/** How long a load may take, milliseconds: disks may be slow. */
const LOAD_MS = 300_000;
/**
 * Keeps 1500 jobs below the 4 MiB after which the log is copied into the database: a log that is
 * damaged while that goes on damages the database, which is refused.
 */
const LONGEST_WORKLOAD = 1500;

/** Random choices, and how to repeat them. */
function seeded(flavour: CogdFlavour): Random {
  const seed = seedFrom(process.env);
  console.error(`note: ${flavour}: SQLite faults with seed ${seed}`);
  return new Random(seed);
}

/** Submits background jobs until `count` are acknowledged, then kills the server with kill -9. */
async function fill(
  flavour: CogdFlavour,
  dataDir: string,
  ledger: Ledger,
  random: Random,
  count: number,
): Promise<void> {
  const server = await startCogd({ flavour, dataDir });
  let left = count;
  const over = new Promise<void>((resolve, reject) => {
    const mix = {
      functions: FUNCTIONS,
      uniques: ["often"],
      delayed: 0,
      foreground: 0,
      longest: LONGEST_WORKLOAD,
    };
    const log = ledger.open("client");
    const client = new SubmittingClient({
      port: server.port,
      log: {
        add: (event) => {
          log.add(event);
          if (event.kind === "acknowledged" && --left === 0) server.process.signal("SIGKILL");
        },
      },
      random,
      submissions: new Submissions(random, mix, () => ledger.nextAttempt()),
      window: 500,
      deathRate: 0,
      owner: {
        left: () => {},
        gone: (fault) => fault === undefined ? resolve() : reject(fault),
      },
    });
    client.start().catch(reject);
  });
  try {
    await deadline(over, LOAD_MS, `${count} acknowledgements`, () => `${left} are missing`);
    assert.ok(left <= 0, server.process.stderr);
  } finally {
    await server.kill9();
  }
  ledger.open("harness").add({ kind: "stopped", how: "kill -9" });
}

/** Starts the server on what there is, does every job, and closes the books. */
async function drainAll(flavour: CogdFlavour, dataDir: string, ledger: Ledger) {
  const server = await startCogd({ flavour, dataDir });
  try {
    await inspect(server.port, ledger.owed(), ledger.open("harness"));
    await drain(server, ledger, FUNCTIONS);
    const exit = await server.stop();
    assert.deepEqual(exit, { code: 0, signal: null }, server.process.stderr);
  } finally {
    await server.kill9();
  }
  const { totals } = ledger.close();
  ledger.requireNoFault();
  return totals;
}

function handleNumber(handle: ByteString): number {
  return Number(handle.slice(handle.lastIndexOf(":") + 1));
}

/** The write-ahead log in a data folder. */
function logFile(dataDir: string): string {
  const name = readdirSync(dataDir).find((file) => file.endsWith("-wal"));
  assert.ok(name !== undefined, `no write-ahead log in ${readdirSync(dataDir)}`);
  return join(dataDir, name);
}

for (const flavour of COGD_BINARIES) {
  const skip = flavourMissing(flavour);

  test(`${flavour}: killed again and again while it takes up 20,000 jobs, it loses none`, {
    skip,
  }, async () => {
    await using folder = await temporaryFolder();
    const random = seeded(flavour);
    const ledger = new Ledger();
    await fill(flavour, folder.path, ledger, random, 20_000);
    for (let i = 0; i < 5; i++) {
      const server = await startCogd({ flavour, dataDir: folder.path });
      // At once, or when it has been asked something that it can only answer when all is taken up.
      if (i === 4) await knownJobs(server.port, ledger.owed().slice(0, 1));
      await server.kill9();
    }
    const totals = await drainAll(flavour, folder.path, ledger);
    assert.ok(totals.completed > 15_000, `only ${totals.completed} jobs were done`);
  });

  test(`${flavour}: garbage behind the write-ahead log costs nothing`, { skip }, async () => {
    await using folder = await temporaryFolder();
    const random = seeded(flavour);
    const ledger = new Ledger();
    await fill(flavour, folder.path, ledger, random, 1500);
    writeFileSync(logFile(folder.path), random.bytes(random.between(1, 20_000)), { flag: "a" });
    await drainAll(flavour, folder.path, ledger);
  });

  test(`${flavour}: of a write-ahead log cut short or damaged, it serves the beginning`, {
    skip,
  }, async () => {
    await using folder = await temporaryFolder();
    const random = seeded(flavour);
    const ledger = new Ledger();
    const whole = join(folder.path, "whole");
    await fill(flavour, whole, ledger, random, 1500);
    const bytes = readFileSync(logFile(whole));
    const kept: number[] = [];
    for (const how of ["cut", "cut", "flipped", "flipped", "emptied"]) {
      const copy = join(folder.path, `copy ${kept.length}`);
      cpSync(whole, copy, { recursive: true });
      const at = random.below(bytes.length);
      const damaged = Buffer.from(bytes.subarray(0, how === "cut" ? at : bytes.length));
      if (how === "flipped") damaged[at] = bytes[at]! ^ (1 << random.below(8));
      writeFileSync(logFile(copy), how === "emptied" ? Buffer.alloc(0) : damaged);
      kept.push(await requireBeginning(flavour, copy, ledger));
    }
    console.error(`note: ${flavour}: of ${ledger.owed().length} jobs there were ${kept} left`);
  });

  test(`${flavour}: files copied at any moment hold every job acknowledged before`, {
    skip,
  }, async () => {
    await using folder = await temporaryFolder();
    const random = seeded(flavour);
    const ledger = new Ledger();
    const server = await startCogd({ flavour, dataDir: join(folder.path, "live") });
    const load = new Load({
      port: server.port,
      ledger,
      random,
      functions: FUNCTIONS,
      uniques: ["a", "b"],
      clients: 3,
      workers: 2,
      deaths: false,
    });
    const copies: { path: string; ledger: Ledger }[] = [];
    const copied = new Promise<void>((resolve, reject) => {
      let tick = 0;
      for (let i = 0; i < SNAPSHOTS; i++) {
        tick += random.between(200, 6000);
        ledger.atTick(tick, () => {
          const path = join(folder.path, `copy ${i}`);
          try {
            frozenCopy(server, path);
          } catch (error) {
            reject(error);
          }
          copies.push({ path, ledger: ledger.fork() });
          if (copies.length === SNAPSHOTS) resolve();
        });
      }
    });
    try {
      await load.start();
      await deadline(Promise.race([copied, load.failed]), LOAD_MS, "the copies");
    } finally {
      load.expectEnd();
      await server.kill9();
      await load.close();
    }
    for (const copy of copies) {
      copy.ledger.open("harness").add({ kind: "stopped", how: "kill -9" });
      await drainAll(flavour, copy.path, copy.ledger);
    }
  });
}

/**
 * The server starts, and knows acknowledged jobs up to some point and none behind it; all that it
 * has are sound. Answers how many there are.
 */
async function requireBeginning(
  flavour: CogdFlavour,
  dataDir: string,
  ledger: Ledger,
): Promise<number> {
  const scratch = ledger.fork();
  const server = await startCogd({ flavour, dataDir });
  try {
    const handles = scratch.owed().sort((a, b) => handleNumber(a) - handleNumber(b));
    const known = await knownJobs(server.port, handles);
    const count = handles.filter((handle) => known.get(handle)).length;
    const late = handles.slice(count).filter((handle) => known.get(handle));
    assert.deepEqual(late, [], "jobs behind a gap");
    await drain(server, scratch, FUNCTIONS);
    scratch.requireNoFault();
    return count;
  } finally {
    await server.kill9();
  }
}

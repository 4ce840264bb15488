/**
 * A process that owns a SQLite store, so that a test can kill it or cut its resources. Obeys commands
 * on standard input, one a line, and answers each with one line of JSON:
 *
 *     open FILE            close             replay
 *     commit FIRST COUNT BYTES   (jobs with the keys from FIRST on)
 *     commits FIRST COUNT        (one batch after the other until the process is killed; each one
 *                                 that has settled is answered)
 *     shell COMMAND
 */

import { spawnSync } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { sqlitePlugin } from "../../plugins/sqlite/mod.ts";
import { type JobStore, StoreError } from "../../src/plugin_api/mod.ts";
import { batchOf, bytesFrom, replayed, sampleJob } from "../conformance/stores/mod.ts";

const own: { store?: JobStore } = {};

function opened(): JobStore {
  if (own.store === undefined) throw new Error("the store is not open");
  return own.store;
}

function jobs(first: number, count: number, bytes: number) {
  return Array.from(
    { length: count },
    (_, i) => sampleJob(first + i, { workload: bytesFrom(first + i, bytes) }),
  );
}

async function obey(command: string, args: readonly string[]): Promise<unknown> {
  switch (command) {
    case "open":
      own.store = await sqlitePlugin.open({
        values: new Map([["libsqlite3-db", args[0]!]]),
        dataDir: "",
      }, {
        log: () => {},
        now: () => Date.now(),
        namespace: "",
        handlePrefix: "H:child:",
      });
      return { opened: own.store.traits.description };
    case "commit": {
      const [first, count, bytes] = args.map(Number);
      await opened().commit(batchOf({ add: jobs(first!, count!, bytes!) }));
      return { committed: first };
    }
    case "commits": {
      const [first, count] = args.map(Number);
      for (let key = first!;; key += count!) {
        await opened().commit(batchOf({ add: jobs(key, count!, 100) }));
        answer({ committed: key });
      }
    }
    case "replay":
      return { keys: (await replayed(opened())).jobs.map(({ key }) => key) };
    case "shell": {
      const { status, stderr } = spawnSync("/bin/sh", ["-c", args.join(" ")]);
      return { status, stderr: String(stderr) };
    }
    case "close":
      await opened().close();
      delete own.store;
      return { closed: true };
    default:
      throw new Error(`unknown command ${command}`);
  }
}

function answer(result: unknown): void {
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

for await (const line of createInterface({ input: process.stdin })) {
  const [command, ...args] = line.split(" ");
  try {
    answer(await obey(command!, args));
  } catch (error) {
    const code = error instanceof StoreError ? error.code : "";
    answer({ code, message: String(error) });
  }
}
process.exit(0);

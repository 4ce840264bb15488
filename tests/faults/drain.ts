import type { ByteString } from "../../src/protocol/mod.ts";
import { Random, type RunningCogd } from "../support/mod.ts";
import { untilDrained } from "./inspection.ts";
import type { Ledger } from "./ledger.ts";
import { Load } from "./load.ts";

/** How long a drain may take, milliseconds. */
const DRAIN_MS = 300_000;

/** Lets workers that do not die do all jobs that the server has. */
export async function drain(
  server: RunningCogd,
  ledger: Ledger,
  functions: readonly ByteString[],
): Promise<void> {
  const load = new Load({
    port: server.port,
    ledger,
    random: new Random(1),
    functions,
    uniques: [],
    clients: 0,
    workers: 4,
    deaths: false,
  });
  try {
    await load.start();
    await Promise.race([untilDrained(server.port, DRAIN_MS), load.failed]);
  } finally {
    await load.close();
  }
}

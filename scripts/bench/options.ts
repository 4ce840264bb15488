import { tmpdir } from "node:os";
import { parseArgs } from "node:util";
import type { Mode } from "./workloads/size.ts";

export const USAGE = `Measures cogd and C gearmand side by side.

  deno task bench [options]

  --quick             small and short: good for tuning, not for quoting
  --only A,B          only these workloads; the beginning of several names stands for all of them
                      'stores': queues in databases, which are measured only on demand, and SQLite beside
                      'http': requests over HTTP, likewise only on demand; needs wrk (Debian: wrk)
  --servers A,B       any of c, deno, bun, binary, bun-binary, and NAME:COMMAND LINE, in which
                      {port} is filled in, {http-port}, and {queue} with the options for the queue;
                      the first one is what the others are compared with
  --rounds N          rounds of every workload; the median counts
  --no-pin            leave it to the system which core runs what
  --data-dir DIR      where queue files are made; default: the system's temporary folder
  --json FILE         all figures of all rounds
  --write             put the tables into docs/benchmarks.md
  --list              names of the workloads
`;

export interface BenchOptions {
  readonly mode: Mode;
  readonly only: readonly string[];
  readonly servers: readonly string[];
  /** Undefined: each workload has its own number. */
  readonly rounds: number | undefined;
  readonly pin: boolean;
  readonly dataDir: string;
  readonly json: string | undefined;
  readonly write: boolean;
  readonly list: boolean;
  readonly help: boolean;
}

/** Throws an Error with a text for the user when an option is unknown or its value no good. */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: "boolean", default: false },
      only: { type: "string", default: "" },
      servers: { type: "string", default: "c,deno,bun,binary,bun-binary" },
      rounds: { type: "string" },
      "no-pin": { type: "boolean", default: false },
      "data-dir": { type: "string", default: tmpdir() },
      json: { type: "string" },
      write: { type: "boolean", default: false },
      list: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
  if (rounds !== undefined && !(Number.isInteger(rounds) && rounds >= 1 && rounds <= 100)) {
    throw new Error(`Cannot use --rounds ${values.rounds}: give a number from 1 to 100`);
  }
  return {
    mode: values.quick ? "quick" : "full",
    only: list(values.only),
    servers: list(values.servers),
    rounds,
    pin: !values["no-pin"],
    dataDir: values["data-dir"],
    json: values.json,
    write: values.write,
    list: values.list,
    help: values.help,
  };
}

function list(text: string): string[] {
  return text.split(",").map((part) => part.trim()).filter((part) => part !== "");
}

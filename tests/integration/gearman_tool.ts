import { join } from "node:path";
import {
  type ProgramResult,
  type RunOptions,
  runProgram,
  ServerProcess,
  temporaryFolder,
  WireClient,
} from "../support/mod.ts";
import { type RunningServer, until, untilStatus } from "./servers.ts";

/** What Debian's `gearman` did: standard output, standard error and exit code of each call by name. */
export type Observations = Readonly<Record<string, string>>;

/** A result in a form that is the same for every server, port and process. */
function observation(result: ProgramResult): string {
  const text = `${result.stdout}|${result.stderr}`
    .replace(/H:[^\s:]+:\d+/g, "HANDLE")
    .replace(/localhost:\d+/g, "SERVER")
    .replace(/ -> lib.*/g, "");
  return `${text}|${result.timedOut ? "did not end" : result.code}`;
}

/** `gearman` as client of one server. */
class Gearman {
  readonly seen: Record<string, string> = {};
  readonly #port: number;

  constructor(port: number) {
    this.#port = port;
  }

  run(args: readonly string[], options: RunOptions = {}): Promise<ProgramResult> {
    return runProgram("gearman", ["-p", String(this.#port), ...args], {
      ...options,
      env: { GEARMAN_SERVER: undefined, GEARMAN_SERVERS: undefined, ...options.env },
    });
  }

  async note(name: string, args: readonly string[], options: RunOptions = {}): Promise<void> {
    this.seen[name] = observation(await this.run(args, options));
  }

  worker(...args: readonly string[]): Promise<ServerProcess> {
    return ServerProcess.start("gearman", ["-p", String(this.#port), "-w", ...args]);
  }
}

/** A worker of gearman's own writes into a command that has ended already as well, and then fails. */
const READ = "cat >/dev/null";

/** Calls of every kind, one after the other, with workers that the calls need. */
export async function observeGearman({ port }: RunningServer): Promise<Observations> {
  const gearman = new Gearman(port);
  const workers = await Promise.all([
    gearman.worker("-f", "cat", "-f", "dog", "--", "cat"),
    gearman.worker("-f", "upper", "--", "tr", "a-z", "A-Z"),
    gearman.worker("-f", "fails", "--", "sh", "-c", `${READ}; echo some output; exit 3`),
    gearman.worker("-n", "-f", "lines", "--", "sh", "-c", `${READ}; printf "a\\nb\\n"`),
    gearman.worker("-N", "-f", "bare_lines", "--", "sh", "-c", `${READ}; printf "a\\nb\\n"`),
    gearman.worker("-f", "nothing", "--", "sh", "-c", READ),
    gearman.worker("-f", "count", "--", "wc", "-c"),
  ]);
  try {
    await foreground(gearman);
    await refusals(gearman, port);
  } finally {
    await Promise.all(workers.map((worker) => worker.stop()));
  }
  await background(gearman, port);
  await coalescing(gearman, port);
  return gearman.seen;
}

async function foreground(gearman: Gearman): Promise<void> {
  // A worker of gearman's own writes all to its command before it reads: more would fill both pipes.
  const bytes = Uint8Array.from({ length: 60_000 }, (_, at) => (at * 7 + (at >> 8)) & 0xff);
  await gearman.note("whole input", ["-f", "upper"], { stdin: "one\ntwo\n" });
  await gearman.note("empty input", ["-f", "upper"]);
  await gearman.note("no input", ["-s", "-f", "upper"], { stdin: "not read" });
  await gearman.note("arguments", ["-f", "upper", "one", "two", "three"]);
  await gearman.note("lines", ["-n", "-f", "upper"], { stdin: "one\ntwo\n" });
  await gearman.note("lines without LF", ["-N", "-f", "upper"], { stdin: "one\ntwo\n" });
  await gearman.note("high", ["-I", "-f", "upper", "high"]);
  await gearman.note("low", ["-L", "-f", "upper", "low"]);
  await gearman.note("unique", ["-u", "my id", "-f", "upper", "unique"]);
  await gearman.note("prefix", ["-P", "-f", "upper", "one", "two"]);
  await gearman.note("verbose", ["-v", "-f", "upper", "loud"]);
  await gearman.note("no result", ["-f", "nothing", "x"]);
  await gearman.note("failure", ["-f", "fails", "x"]);
  await gearman.note("failure, prefix", ["-P", "-f", "fails", "x"]);
  await gearman.note("result in lines", ["-f", "lines", "x"]);
  await gearman.note("result in bare lines", ["-P", "-f", "bare_lines", "x"]);
  const echoed = await gearman.run(["-f", "cat"], { stdin: bytes });
  const same = bytes.every((byte, at) => echoed.stdoutBytes[at] === byte);
  gearman.seen["bytes"] = `${echoed.stdoutBytes.length} ${same ? "equal" : "differ"}`;
  await gearman.note("large", ["-f", "count"], { stdin: new Uint8Array(400_000) });
  // Several functions run at the same time, in no fixed order.
  const several = await gearman.run(["-P", "-f", "cat", "-f", "dog", "-f", "upper", "a\n", "b\n"]);
  gearman.seen["several functions"] = several.stdout.split("\n").sort().join(" ") + several.code;
}

async function refusals(gearman: Gearman, port: number): Promise<void> {
  await gearman.note("time-out", ["-t", "500", "-f", "nobody_does_this", "x"]);
  await gearman.note("usage", ["-H"]);
  await gearman.note("no function", ["x"]);
  await gearman.note("unknown option", ["-?"]);
  await gearman.note("no server", ["-p", "1", "-f", "upper", "x"]);
  const env = { GEARMAN_SERVER: `127.0.0.1:1,localhost:${port}` };
  await gearman.note("first of two servers away", ["-f", "upper", "x"], { env });
  await gearman.note("address", ["-h", "127.0.0.1", "-f", "upper", "x"]);
}

/** Jobs that wait for a worker: it prints their workloads in the order in which it gets them. */
async function background(gearman: Gearman, port: number): Promise<void> {
  await gearman.note("background", ["-b", "-f", "later", "normal 1;"]);
  await gearman.note("background, low", ["-b", "-L", "-f", "later", "low;"]);
  await gearman.note("background, several", ["-b", "-f", "later", "normal 2;", "normal 3;"]);
  await gearman.note("background, high", ["-b", "-I", "-f", "later", "high;"]);
  await gearman.note("background, lines", ["-b", "-L", "-n", "-f", "later"], { stdin: "a\nb\n" });
  gearman.seen["queued"] = await untilStatus(port, /^later\t7\t/);
  await gearman.note("order", ["-w", "-c", "7", "-f", "later"]);
  await gearman.note("same unique", ["-b", "-u", "one", "-f", "once", "first;"]);
  await gearman.note("same unique again", ["-b", "-u", "one", "-f", "once", "second;"]);
  await gearman.note("other unique", ["-b", "-u", "two", "-f", "once", "third;"]);
  gearman.seen["coalesced"] = await untilStatus(port, /^once\t/);
  await gearman.note("once each", ["-w", "-c", "2", "-f", "once"]);
  gearman.seen["all done"] = await untilStatus(port, /^once\t0/);

  // A worker is killed in the middle: the job goes to the next one.
  await using folder = await temporaryFolder();
  const mark = join(folder.path, "mark");
  const client = gearman.run(["-u", "killed", "-f", "again", "x"]);
  const command = `${READ}; test -e ${mark} && echo second || { touch ${mark}; kill -9 $PPID; }`;
  const first = await gearman.worker("-f", "again", "--", "sh", "-c", command);
  gearman.seen["first worker"] = (await first.exited).signal ?? "not killed";
  await untilStatus(port, /^again\t1\t0\t0/);
  await gearman.note("second worker", ["-w", "-c", "1", "-f", "again", "--", "sh", "-c", command]);
  gearman.seen["after the first worker's death"] = observation(await client);
}

/** Two clients with one unique ID get the result of one execution. */
async function coalescing(gearman: Gearman, port: number): Promise<void> {
  const clients = ["one", "two"].map((data) => gearman.run(["-u", "shared", "-f", "shared", data]));
  await using asking = await WireClient.connect(port);
  await until("both clients to wait for one job", async () => {
    const reply = await asking.ask("GET_STATUS_UNIQUE", { args: ["shared"] }, "STATUS_RES_UNIQUE");
    return reply.args[5] === "2" ? true : undefined;
  });
  const [worker, ...results] = await Promise.all([
    gearman.run(["-w", "-c", "1", "-f", "shared", "--", "sh", "-c", "cat; echo ' once'"]),
    ...clients,
  ]);
  gearman.seen["shared, worker"] = observation(worker);
  const printed = results.map(observation);
  gearman.seen["shared"] = String(printed[0] === printed[1] && / once\n\|\|0$/.test(printed[0]!));
}

import { CliError } from "../cli_error.ts";
import { helpText } from "../help.ts";
import { AdminConnection, type AdminServer } from "./admin_connection.ts";
import { AdminError } from "./admin_error.ts";
import type { AdminOutput } from "./admin_output.ts";
import { readOptions } from "./arguments.ts";
import { lookAt } from "./look.ts";
import { serverOf } from "./server_options.ts";
import { TOP_HEAD, TOP_OPTIONS } from "./top_options.ts";
import { type TopScreen, topScreen } from "./top_terminal.ts";
import { viewLines } from "./top_view.ts";

const LEAST_SECONDS = 0.1;
const MOST_SECONDS = 86_400;
const TIMEOUT_MS = 10_000;

/** `gearadmin top`. Answers the exit code: 1 when the server cannot be asked at the first look. */
export async function runTop(
  words: readonly string[],
  environment: Readonly<Record<string, string>>,
  output: AdminOutput,
): Promise<number> {
  try {
    const values = readOptions(words, TOP_OPTIONS);
    if (values.isGiven("help")) {
      output.out(helpText(TOP_OPTIONS, TOP_HEAD));
      return 0;
    }
    const server = serverOf(values, environment, TIMEOUT_MS);
    const intervalMs = intervalOf(values.text("interval")!);
    const count = Number(values.number("count") ?? 0n) || Infinity;
    return await watch(server, intervalMs, count, output);
  } catch (error) {
    if (!(error instanceof CliError) && !(error instanceof AdminError)) throw error;
    output.error(`gearadmin: ${error.message}\n`);
    return 1;
  }
}

function intervalOf(text: string): number {
  const seconds = /^\d{1,9}(\.\d{1,6})?$/.test(text) ? Number(text) : NaN;
  if (seconds >= LEAST_SECONDS && seconds <= MOST_SECONDS) return seconds * 1000;
  throw new CliError(
    "INVALID_ARGUMENT",
    `the argument ('${text}') for option '--interval' is invalid`,
  );
}

async function watch(
  server: AdminServer,
  intervalMs: number,
  count: number,
  output: AdminOutput,
): Promise<number> {
  // The first look comes before the terminal is taken: a server that is away is told as plain text.
  const source = new LookSource(server);
  let lines = await source.lines();
  const screen = topScreen((text) => output.out(text));
  try {
    for (let shown = 1; !screen.ended.aborted; shown++) {
      screen.show(lines(screen));
      if (shown >= count) break;
      await pause(intervalMs, screen.ended);
      if (screen.ended.aborted) break;
      lines = await source.lines().catch((error: AdminError) => () => [
        `Cannot ask ${server.host}:${server.port}: ${error.message}`,
      ]);
    }
  } finally {
    screen.close();
    source.close();
  }
  return 0;
}

/** Looks at a server again and again, over one connection as long as that holds. */
class LookSource {
  readonly #server: AdminServer;
  #connection: AdminConnection | undefined;

  constructor(server: AdminServer) {
    this.#server = server;
  }

  async lines(): Promise<(screen: TopScreen) => string[]> {
    try {
      this.#connection ??= await AdminConnection.open(this.#server);
      const look = await lookAt(this.#connection, this.#server, Date.now());
      return (screen) => viewLines(look, screen.room);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close(): void {
    this.#connection?.close();
    this.#connection = undefined;
  }
}

function pause(ms: number, ended: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      ended.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    ended.addEventListener("abort", done);
  });
}

import { writeSync } from "node:fs";
import { nameProcess, startDetachedSelf } from "../runtime/mod.ts";
import { CliError, reasonOf } from "./cli_error.ts";

/** Tells the child that it is one. */
const CHILD_MARK = "COGD_DAEMON_CHILD";
/** What the child sends over its standard output: text for the operator, then one NUL once it serves. */
const READY = 0;
const STDOUT = 1;

/**
 * Starts this program again in the background and waits until it serves (`--daemon`). Answers the
 * exit code: 0, or 1 after the child has ended, its messages having been passed to `stderr`. The
 * reference returns before it has bound its port (command line section 4).
 */
export async function runInBackground(
  args: readonly string[],
  stderr: (text: string) => void,
): Promise<number> {
  const child = start(args);
  const decoder = new TextDecoder();
  for await (const bytes of child.output) {
    const end = bytes.indexOf(READY);
    stderr(decoder.decode(end < 0 ? bytes : bytes.subarray(0, end), { stream: end < 0 }));
    if (end >= 0) return 0;
  }
  const code = await child.exited;
  if (code !== 1) stderr(`cogd: The background process ended with code ${code}\n`);
  return 1;
}

function start(args: readonly string[]): ReturnType<typeof startDetachedSelf> {
  try {
    return startDetachedSelf(args, { [CHILD_MARK]: "1" });
  } catch (cause) {
    throw new CliError("DAEMON", `Cannot start in the background: ${reasonOf(cause)}`, { cause });
  }
}

/** The side of the background process: its line to the process that started it. */
export class DaemonChild {
  #open = true;

  /** Undefined when this process was started by an operator. */
  static from(environment: Readonly<Record<string, string>>): DaemonChild | undefined {
    if (environment[CHILD_MARK] === undefined) return undefined;
    nameProcess("cogd");
    return new DaemonChild();
  }

  /** Text for the operator's standard error; after `ready` it goes nowhere. */
  tell(text: string): void {
    if (!this.#open) return;
    try {
      writeSync(STDOUT, text);
    } catch {
      // The operator did not wait for the start.
      this.#open = false;
    }
  }

  /** The server serves: the operator's command returns. */
  ready(): void {
    this.tell("\0");
    this.#open = false;
  }
}

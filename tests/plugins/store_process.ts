import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { deadline, PATIENCE_MS, PROJECT_ROOT } from "../support/mod.ts";

/** What `store_child.ts` answers; only the fields of that answer are there. */
export interface Answer {
  readonly opened?: string;
  readonly committed?: number;
  readonly keys?: readonly number[];
  readonly status?: number;
  readonly stderr?: string;
  /** Code of the `StoreError`. */
  readonly code?: string;
  readonly message?: string;
}

export interface StoreProcessOptions {
  /** Shell commands that run first, in the same process. */
  readonly setUp?: string;
  /** Gives the process a file system tree of its own, in which it may mount things. */
  readonly ownMounts?: boolean;
}

/** A child process with a store; see `store_child.ts`. */
export class StoreProcess {
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  readonly #exited: Promise<unknown>;

  constructor(options: StoreProcessOptions = {}) {
    const script = join(PROJECT_ROOT, "tests/plugins/store_child.ts");
    const run = [process.execPath, "run", ...permissions(), script];
    // A shell stands in between on both runtimes: one would rewrite the arguments of its own
    // executable, and limits are set here.
    const shell = ["/bin/sh", "-c", `${options.setUp ?? ":"}\nexec "$0" "$@"`, ...run];
    const [command, ...args] = options.ownMounts === true ? [...OWN_MOUNTS, ...shell] : shell;
    this.#child = spawn(command!, args, { stdio: ["pipe", "pipe", "inherit"] });
    this.#exited = once(this.#child, "exit");
    const lines = createInterface({ input: this.#child.stdout! });
    this.#answers = lines[Symbol.asyncIterator]();
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Sends a command and waits for its answer. */
  async ask(command: string): Promise<Answer> {
    this.send(command);
    return await this.nextAnswer();
  }

  send(command: string): void {
    this.#child.stdin!.write(`${command}\n`);
  }

  /** The next answer; undefined when the process has ended. */
  async nextAnswerOrEnd(): Promise<Answer | undefined> {
    const { value, done } = await deadline(
      this.#answers.next(),
      PATIENCE_MS,
      "an answer of the store's process",
    );
    return done === true ? undefined : JSON.parse(value) as Answer;
  }

  async nextAnswer(): Promise<Answer> {
    const answer = await this.nextAnswerOrEnd();
    assert(answer !== undefined, "the store's process has ended");
    return answer;
  }

  /** SIGKILL: no goodbye. */
  async kill9(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      process.kill(this.pid, "SIGKILL");
    }
    await deadline(this.#exited, PATIENCE_MS, "the store's process to end");
  }

  /** Ends the process, whatever it is doing. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill9();
  }
}

const OWN_MOUNTS = ["unshare", "--user", "--map-root-user", "--mount"];

/** Whether a process may have mounts of its own here (user namespaces). */
export const CAN_MOUNT: boolean = (() => {
  const [command, ...args] = [...OWN_MOUNTS, "mount", "-t", "tmpfs", "none", tmpdir()];
  return spawnSync(command!, args).status === 0;
})();

function permissions(): string[] {
  return "bun" in process.versions ? [] : ["--allow-all", "--no-check"];
}

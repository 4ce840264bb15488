import { type Program, startProgram } from "../runtime/mod.ts";
import { BackOff } from "./back_off.ts";
import type { WorkLog } from "./work_log.ts";

/**
 * Reads `+ GROUP` and `- GROUP` until there is nobody left who writes them, then kills the groups that
 * remain and removes the folder named by its first argument.
 */
const SCRIPT = `trap '' HUP INT QUIT TERM
held=
while read -r sign group; do
  rest=
  for each in $held; do [ "$each" = "$group" ] || rest="$rest $each"; done
  held=$rest
  [ "$sign" = + ] && held="$held $group"
done
for each in $held; do kill -s KILL -- "-$each" 2>/dev/null; done
rm -rf -- "$1"
`;

const encoder = new TextEncoder();

/**
 * Programs must not outlive `cogd work`, not even when it is killed with SIGKILL: a small shell beside it
 * knows their process groups and, when its input ends, ends them.
 */
export class Leash {
  readonly #folder: string;
  readonly #log: WorkLog;
  readonly #held = new Set<number>();
  #keeper: Program | undefined;
  /** Settles when the last start of it has come to an end. */
  #starting: Promise<void> = Promise.resolve();
  readonly #backOff = new BackOff();
  #closed = false;

  private constructor(folder: string, log: WorkLog) {
    this.#folder = folder;
    this.#log = log;
  }

  /** `folder` goes with the process. Rejects with `ProgramStartError`. */
  static async start(folder: string, log: WorkLog): Promise<Leash> {
    const leash = new Leash(folder, log);
    await leash.#start();
    return leash;
  }

  /** A process group that has begun. */
  hold(group: number): void {
    this.#held.add(group);
    this.#tell(`+ ${group}\n`);
  }

  /** A process group that is gone. */
  release(group: number): void {
    this.#held.delete(group);
    this.#tell(`- ${group}\n`);
  }

  /** Ends it. What it still holds is killed. Settles when it is gone. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#starting;
    this.#keeper?.endInput();
    await this.#keeper?.ended;
  }

  async #start(): Promise<void> {
    const keeper = await startProgram({
      path: "/bin/sh",
      args: ["-c", SCRIPT, "cogd-work-leash", this.#folder],
      folder: "/",
      environment: { PATH: "/usr/bin:/bin" },
    }, { output: () => {}, errors: () => {} });
    this.#keeper = keeper;
    for (const group of this.#held) this.#tell(`+ ${group}\n`);
    void keeper.ended.then(() => {
      keeper.abandon();
      if (!this.#closed) this.#restart();
    });
  }

  /** Somebody has killed it. */
  #restart(): void {
    this.#keeper = undefined;
    const pause = this.#backOff.next();
    this.#log(
      "WARNING",
      `The process that watches over programs has ended; starting it anew in ${pause / 1000} s`,
    );
    setTimeout(() => {
      if (this.#closed) return;
      this.#starting = this.#start().catch((error) => {
        this.#log("ERROR", (error as Error).message);
        this.#restart();
      });
    }, pause);
  }

  #tell(line: string): void {
    void this.#keeper?.write(encoder.encode(line));
  }
}

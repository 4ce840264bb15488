import { clearImmediate, setImmediate } from "node:timers";
import { DenoLoopTurns } from "./deno_loop_turns.ts";
import type { LoopTurns } from "./loop_turns.ts";
import { runtimeName } from "./runtime_name.ts";

/** Takes nothing of the system before it is used. */
export function openLoopTurns(): LoopTurns {
  return runtimeName === "deno" ? new DenoLoopTurns() : new Immediates();
}

/** Bun looks at its sockets before each round of immediates. */
class Immediates implements LoopTurns {
  #immediate: ReturnType<typeof setImmediate> | undefined;

  next(callback: () => void): void {
    this.#immediate = setImmediate(callback);
  }

  close(): void {
    clearImmediate(this.#immediate);
  }
}

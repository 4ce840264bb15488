import process from "node:process";
import type { Room } from "./top_view.ts";

/** Where the view is shown, and who ends it. */
export interface TopScreen {
  /** Shows the view in the place of the last one. */
  show(lines: readonly string[]): void;
  readonly room: Room;
  /** Aborted when the view shall end. */
  readonly ended: AbortSignal;
  /** Gives the terminal back as it was. */
  close(): void;
}

const ENTER = "\x1b[?1049h\x1b[?25l";
const LEAVE = "\x1b[?25h\x1b[?1049l";
const HOME = "\x1b[H";
const ERASE_LINE = "\x1b[K";
const ERASE_BELOW = "\x1b[J";
const CTRL_C = 3;
const KEYS_THAT_END: readonly number[] = [CTRL_C, "q".charCodeAt(0), "Q".charCodeAt(0)];

/** The process's terminal, or plain output where it has none. */
export function topScreen(write: (text: string) => void): TopScreen {
  const abort = new AbortController();
  const end = () => abort.abort();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, end);
  const unwatch = () => {
    for (const name of ["SIGINT", "SIGTERM"] as const) process.off(name, end);
  };
  if (process.stdout.isTTY !== true) return plainScreen(write, abort.signal, unwatch);
  const forgetKeys = process.stdin.isTTY === true ? watchKeys(end) : () => {};
  write(ENTER);
  return {
    show: (lines) =>
      write(HOME + lines.map((line) => line + ERASE_LINE).join("\r\n") + ERASE_BELOW),
    get room() {
      return { columns: process.stdout.columns || 80, rows: process.stdout.rows || 24 };
    },
    ended: abort.signal,
    close: () => {
      write(LEAVE);
      forgetKeys();
      unwatch();
    },
  };
}

function plainScreen(
  write: (text: string) => void,
  ended: AbortSignal,
  close: () => void,
): TopScreen {
  let shown = 0;
  return {
    show: (lines) => write(`${shown++ === 0 ? "" : "\n"}${lines.join("\n")}\n`),
    room: { columns: undefined, rows: undefined },
    ended,
    close,
  };
}

/** Keys one by one, unseen. */
function watchKeys(end: () => void): () => void {
  const { stdin } = process;
  const pressed = (bytes: Uint8Array) => {
    if (bytes.some((byte) => KEYS_THAT_END.includes(byte))) end();
  };
  stdin.setRawMode(true);
  stdin.on("data", pressed);
  stdin.resume();
  return () => {
    stdin.off("data", pressed);
    stdin.setRawMode(false);
    stdin.pause();
  };
}

import { statSync } from "node:fs";

const LOOK_EVERY_MS = 1000;

/**
 * Calls back when a file has become another one and stayed that for a second (editors write in several
 * steps, and replace files by others of the same name). Answers how to end it.
 */
export function watchFile(path: string, changed: () => void): () => void {
  let known = stateOf(path);
  let before = known;
  const timer = setInterval(() => {
    const now = stateOf(path);
    const settled = now === before;
    before = now;
    if (!settled || now === known || now === "") return;
    known = now;
    changed();
  }, LOOK_EVERY_MS);
  return () => clearInterval(timer);
}

/** Differs whenever the file does; empty while it is missing. */
function stateOf(path: string): string {
  try {
    const { mtimeMs, size, ino } = statSync(path);
    return `${mtimeMs} ${size} ${ino}`;
  } catch {
    return "";
  }
}

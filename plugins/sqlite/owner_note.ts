import { readFileSync, rmSync, writeFileSync } from "node:fs";
import process from "node:process";

/**
 * A note beside the database that says which process opened it, only so that an error message can
 * name it. The lock is SQLite's own and ends with the process: a note that a killed process left
 * behind stops nobody, and the next owner overwrites it.
 */
function notePath(path: string): string {
  return `${path}-owner`;
}

export function writeOwnerNote(path: string): void {
  try {
    writeFileSync(notePath(path), `${process.pid}\n`, { mode: 0o600 });
  } catch {
    // Without the note (disk full, say) a message names no process; that must not stop the store.
  }
}

export function removeOwnerNote(path: string): void {
  try {
    rmSync(notePath(path), { force: true });
  } catch {
    // As above.
  }
}

/** Who opened the database last, as part of a sentence; empty when that is not known. */
export function lastOwner(path: string): string {
  try {
    const pid = readFileSync(notePath(path), "latin1").trim();
    return /^[0-9]+$/.test(pid) ? ` (cogd opened it last, as process ${pid})` : "";
  } catch {
    return "";
  }
}

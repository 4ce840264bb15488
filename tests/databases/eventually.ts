import { setTimeout as sleep } from "node:timers/promises";
import { DeadlineError, PATIENCE_MS } from "../support/mod.ts";

/** Short, so that little time is lost; a database's own views have no events to wait for. */
const LOOK_MS = 20;

/** Looks again and again until it sees what it looks for. Rejects with a `DeadlineError` after `ms`. */
export async function eventually(
  look: () => boolean | Promise<boolean>,
  what: string,
  ms = PATIENCE_MS,
): Promise<void> {
  const end = performance.now() + ms;
  while (!await look()) {
    if (performance.now() > end) throw new DeadlineError(`Waited ${ms} ms in vain for ${what}`);
    await sleep(LOOK_MS);
  }
}

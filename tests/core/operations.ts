import { PRIORITIES, type Priority } from "../../src/core/mod.ts";
import type { Random } from "../support/mod.ts";

export const FUNCTIONS = ["a", "b", "c"] as const;
/** Connections that are open at any time; one that leaves is replaced. */
export const SLOTS = 6;
/** Longer than any time-out and repetition in the property test, milliseconds. */
export const LONG_TIME = 30_000;

/**
 * One step of an interleaving, as plain data that can be printed. It means something in every state,
 * so that any part of a list of steps is a list of steps: `nth` counts round whatever there is.
 */
export type Operation =
  | {
    readonly do: "submit";
    readonly slot: number;
    readonly name: string;
    readonly unique: string;
    readonly workload: string;
    readonly priority: Priority;
    readonly background: boolean;
    /** Seconds until it may run; 0 = now. */
    readonly delay: number;
  }
  | { readonly do: "grab" | "sleep" | "reset" | "leave" | "half-close"; readonly slot: number }
  | {
    readonly do: "can do";
    readonly slot: number;
    readonly name: string;
    readonly timeoutMs: number;
  }
  | { readonly do: "can't do"; readonly slot: number; readonly name: string }
  | {
    readonly do: "report";
    readonly slot: number;
    readonly kind: "WORK_COMPLETE" | "WORK_FAIL" | "WORK_EXCEPTION" | "WORK_DATA";
    readonly nth: number;
    /** Of all jobs there are; else of those that the connection holds. */
    readonly anyJob: boolean;
  }
  | { readonly do: "cancel"; readonly nth: number }
  | { readonly do: "drop"; readonly name: string; readonly force: boolean }
  | { readonly do: "purge"; readonly name: string }
  | { readonly do: "pause"; readonly name: string; readonly paused: boolean }
  | { readonly do: "drain"; readonly slot: number; readonly draining: boolean }
  | { readonly do: "limit"; readonly name: string; readonly limit: number }
  | { readonly do: "store answers"; readonly nth: number; readonly good: boolean }
  | { readonly do: "store fills"; readonly full: boolean }
  | { readonly do: "pass"; readonly ms: number }
  /** Every worker with a NOOP asks until there is no job, and sleeps again. */
  | { readonly do: "settle" };

/** How often each kind of step comes, as parts of their sum. */
const WEIGHTS: readonly (readonly [kind: Operation["do"], weight: number])[] = [
  ["submit", 26],
  ["grab", 18],
  ["sleep", 16],
  ["can do", 8],
  ["report", 14],
  ["store answers", 10],
  ["pass", 6],
  ["can't do", 5],
  ["leave", 3],
  ["cancel", 3],
  ["settle", 2],
  ["reset", 2],
  ["half-close", 1],
  ["drop", 1],
  ["purge", 1],
  ["pause", 2],
  ["drain", 2],
  ["limit", 1],
  ["store fills", 1],
];
const WEIGHT_SUM = WEIGHTS.reduce((sum, [, weight]) => sum + weight, 0);

export function randomOperations(random: Random): Operation[] {
  // With fewer functions more of the steps meet each other.
  const functions = FUNCTIONS.slice(0, random.between(1, FUNCTIONS.length));
  const start: Operation[] = Array.from({ length: SLOTS }, (_, slot) => ({
    do: "can do",
    slot,
    name: random.pick(functions),
    timeoutMs: 0,
  }));
  const length = random.between(10, 120);
  return [...start, ...Array.from({ length }, () => randomOperation(random, functions))];
}

function randomOperation(random: Random, functions: readonly string[]): Operation {
  const kind = randomKind(random);
  const slot = random.below(SLOTS);
  const name = random.pick(functions);
  switch (kind) {
    case "submit":
      return {
        do: kind,
        slot,
        name,
        unique: random.pick(["", "", "-", "u", "v"]),
        workload: random.pick(["", "x", "y"]),
        priority: random.pick(PRIORITIES),
        background: random.chance(0.5),
        delay: random.chance(0.15) ? random.between(1, 4) : 0,
      };
    case "can do":
      // No two deadlines can fall together: whole and half milliseconds, and time moves each step.
      return { do: kind, slot, name, timeoutMs: random.pick([0, 0, 1000, 3000.5]) };
    case "can't do":
      return { do: kind, slot, name };
    case "report":
      return {
        do: kind,
        slot,
        kind: random.pick(["WORK_COMPLETE", "WORK_FAIL", "WORK_EXCEPTION", "WORK_DATA"]),
        nth: random.below(8),
        anyJob: random.chance(0.15),
      };
    case "cancel":
      return { do: kind, nth: random.below(20) };
    case "drop":
      return { do: kind, name, force: random.chance(0.3) };
    case "purge":
      return { do: kind, name };
    case "pause":
      return { do: kind, name, paused: random.chance(0.5) };
    case "drain":
      return { do: kind, slot, draining: random.chance(0.5) };
    case "limit":
      return { do: kind, name, limit: random.pick([0, 0, 3, 6]) };
    case "store answers":
      return { do: kind, nth: random.chance(0.7) ? 0 : random.below(8), good: random.chance(0.8) };
    case "store fills":
      return { do: kind, full: random.chance(0.5) };
    case "pass":
      return { do: kind, ms: random.pick([10, 400, 1000, 2500]) };
    case "settle":
      return { do: kind };
    default:
      return { do: kind, slot };
  }
}

function randomKind(random: Random): Operation["do"] {
  let rest = random.below(WEIGHT_SUM);
  for (const [kind, weight] of WEIGHTS) {
    rest -= weight;
    if (rest < 0) return kind;
  }
  throw new RangeError("Cannot choose a kind of step: the weights do not add up");
}

/**
 * A shorter list that still fails: takes out ever smaller parts for as long as that helps, until no
 * single item can go. `fails` must fail for the list as it is.
 */
export function shrunk<Item>(
  items: readonly Item[],
  fails: (items: readonly Item[]) => boolean,
): readonly Item[] {
  let current = items;
  let size = Math.ceil(items.length / 2);
  while (size >= 1) {
    const before = current.length;
    for (let at = 0; at < current.length;) {
      const without = [...current.slice(0, at), ...current.slice(at + size)];
      if (fails(without)) current = without;
      else at += size;
    }
    if (size > 1) size = Math.floor(size / 2);
    else if (current.length === before) break;
  }
  return current;
}

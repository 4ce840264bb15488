import type { Priority } from "../core/mod.ts";

/** Priorities as JSON, options and labels say them; the position is the priority. */
export const PRIORITY_NAMES = ["high", "normal", "low"] as const satisfies Readonly<
  Record<Priority, string>
>;
export type PriorityName = (typeof PRIORITY_NAMES)[Priority];

/** The priority with this name; normal where none is given. The schemas let no other name pass. */
export function priorityNamed(name: string | null | undefined): Priority {
  return PRIORITY_NAMES.indexOf((name ?? "normal") as PriorityName) as Priority;
}

import type { PriorityRow } from "./rows.ts";
import type { FunctionRow, WorkerRow } from "./rows.ts";

/** What one look at a server showed. */
export interface Look {
  readonly server: string;
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly functions: readonly FunctionRow[];
  /** Waiting jobs by priority; empty where the server cannot say. */
  readonly priorities: readonly PriorityRow[];
  readonly workers: readonly WorkerRow[];
}

/** Room for the view; undefined: as much as it takes. */
export interface Room {
  readonly columns: number | undefined;
  readonly rows: number | undefined;
}

const HEADINGS = ["WAITING", "HIGH", "NORMAL", "LOW", "RUNNING", "WORKERS"];

/**
 * The view's lines: a summary, the functions with most waiting jobs first, and, where there is room left,
 * the workers. Never more than the room has; what does not fit is counted.
 */
export function viewLines(look: Look, room: Room): string[] {
  const lines = [...summary(look), ""];
  const rows = functionLines(look);
  const left = (room.rows ?? Infinity) - lines.length - 1;
  lines.push(...fitting(rows, left, "functions"));
  const workers = workerLines(look);
  const below = (room.rows ?? Infinity) - lines.length - 2;
  if (workers.length > 1 && below >= 2) lines.push("", ...fitting(workers, below, "workers"));
  const { columns = Infinity } = room;
  return lines.map((line) => cutTo(line.trimEnd(), columns));
}

function summary({ server, version, at, functions, workers }: Look): string[] {
  const sum = (of: (row: FunctionRow) => number) => functions.reduce((n, row) => n + of(row), 0);
  const working = workers.filter((worker) => worker.functions.length > 0).length;
  const time = new Date(at).toISOString().replace("T", " ").replace(/\..*/, "Z");
  return [
    `Gearman ${version} on ${server}  ${time}`,
    `${functions.length} functions, ${sum(waiting)} jobs waiting, ${sum((row) => row.running)} ` +
    `running; ${working} workers, ${workers.length - working} other connections`,
  ];
}

function functionLines({ functions, priorities }: Look): string[] {
  const byName = new Map(priorities.map((row) => [row.function, row]));
  const sorted = [...functions].sort((a, b) =>
    waiting(b) - waiting(a) || b.running - a.running || (a.function < b.function ? -1 : 1)
  );
  const width = Math.max(8, ...sorted.map((row) => shown(row.function).length));
  const line = (name: string, cells: readonly (string | number)[]) =>
    `${name.padEnd(Math.min(width, 40))} ${cells.map((cell) => `${cell}`.padStart(8)).join("")}`;
  return [
    line("FUNCTION", HEADINGS),
    ...sorted.map((row) => {
      const { high = "-", normal = "-", low = "-" } = byName.get(row.function) ?? {};
      return line(shown(row.function), [waiting(row), high, normal, low, row.running, row.workers]);
    }),
  ];
}

function workerLines({ workers }: Look): string[] {
  const rows = workers.filter(({ functions }) => functions.length > 0);
  return [
    "CONNECTION  ADDRESS          NAME              FUNCTIONS",
    ...rows.map(({ connection, address, id, functions }) =>
      `${`${connection}`.padStart(10)}  ${shown(address).padEnd(15)}  ` +
      `${shown(id === "" ? "-" : id).padEnd(16)}  ${shown(functions.join(" "))}`
    ),
  ];
}

function waiting({ total, running }: FunctionRow): number {
  return Math.max(0, total - running);
}

/** Names may hold anything: nothing of them may reach the terminal as a command. */
function shown(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "?");
}

/** At most `most` lines; the last one then says how many are missing. The first one is a heading. */
function fitting(lines: readonly string[], most: number, what: string): string[] {
  if (lines.length <= most) return [...lines];
  const kept = Math.max(1, most - 1);
  return [...lines.slice(0, kept), `… ${lines.length - kept} more ${what}`];
}

function cutTo(line: string, columns: number): string {
  return line.length <= columns ? line : `${line.slice(0, Math.max(0, columns - 1))}…`;
}

/** What replies say, as values. Names are byte strings; text is their UTF-8, made by `nameText`. */

import { Buffer } from "node:buffer";

export interface FunctionRow {
  readonly function: string;
  /** Waiting and running, those that are not due yet included. */
  readonly total: number;
  readonly running: number;
  readonly workers: number;
}

export interface PriorityRow {
  readonly function: string;
  /** Waiting jobs by priority. */
  readonly high: number;
  readonly normal: number;
  readonly low: number;
  readonly workers: number;
}

export interface WorkerRow {
  /** The server's number of the connection. */
  readonly connection: number;
  readonly address: string;
  /** What the worker calls itself; empty when it does not. */
  readonly id: string;
  readonly functions: readonly string[];
}

export interface JobRow {
  readonly handle: string;
  readonly retries: number;
  /** Abandoned or cancelled. */
  readonly ignored: boolean;
  readonly persisted: boolean;
}

/** Lines of a list reply without its end. */
export function listLines(reply: Uint8Array): string[] {
  return Buffer.from(reply).toString("utf8").split("\n").slice(0, -2);
}

/** `FUNCTION TAB TOTAL TAB RUNNING TAB WORKERS` (admin section 3); a name may hold TABs. */
export function functionRows(reply: Uint8Array): FunctionRow[] {
  return listLines(reply).map((line) => {
    const [name, [total, running, workers]] = cut(line, 3);
    return { function: name, total: total!, running: running!, workers: workers! };
  });
}

export function priorityRows(reply: Uint8Array): PriorityRow[] {
  return listLines(reply).map((line) => {
    const [name, [high, normal, low, workers]] = cut(line, 4);
    return { function: name, high: high!, normal: normal!, low: low!, workers: workers! };
  });
}

export function jobRows(reply: Uint8Array): JobRow[] {
  return listLines(reply).map((line) => {
    const [handle, [retries, ignored, persisted]] = cut(line, 3);
    return { handle, retries: retries!, ignored: ignored === 1, persisted: persisted === 1 };
  });
}

/** `FD SP ADDRESS SP ID SP : SP FUNCTION …`: an ID may hold spaces, and functions, too. */
export function workerRows(reply: Uint8Array): WorkerRow[] {
  return listLines(reply).map((line) => {
    const [, number = "0", address = "", id = "", functions = ""] = WORKER.exec(line) ?? [];
    return {
      connection: Number(number),
      address,
      id: id === "-" ? "" : id,
      functions: functions === "" ? [] : functions.split(" "),
    };
  });
}

const WORKER = /^(\d+) (\S*) (.*?) ?: ?(.*)$/s;

/** The name in front and the numbers behind it. */
function cut(line: string, numbers: number): [string, number[]] {
  const fields = line.split("\t");
  return [
    fields.slice(0, -numbers).join("\t"),
    fields.slice(-numbers).map((field) => Number(field) || 0),
  ];
}

import { Buffer } from "node:buffer";
import { CliError } from "../cli_error.ts";
import type { OptionValues } from "../option_values.ts";
import type { ReplyForm } from "./reply_reader.ts";
import { functionRows, jobRows, listLines, priorityRows, workerRows } from "./rows.ts";

/** One thing to ask of the server. */
export interface Action {
  /** Name of its option. */
  readonly name: string;
  readonly command: Uint8Array;
  readonly form: ReplyForm;
  /** What the reply says, for JSON: not for errors. */
  readonly values: (reply: Uint8Array) => Readonly<Record<string, unknown>>;
}

interface ActionShape {
  readonly name: string;
  readonly form: ReplyForm;
  /** With the option's value. */
  readonly command: (value: string) => string;
  readonly values: (reply: Uint8Array, value: string) => Readonly<Record<string, unknown>>;
}

/** All actions in the order in which the reference does them; its own option gives the value. */
const SHAPES: readonly ActionShape[] = [
  {
    name: "getpid",
    form: "line",
    command: () => "getpid",
    values: (reply) => ({ pid: Number(valueOf(reply)) }),
  },
  {
    name: "create-function",
    form: "line",
    command: (name) => `create function ${name}`,
    values: (_, name) => ({ function: name, ok: true }),
  },
  {
    name: "maxqueue",
    form: "line",
    command: (value) => maxqueueCommand(value),
    values: (_, value) => ({ ...maxqueueOf(value), ok: true }),
  },
  {
    name: "drop-function",
    form: "line",
    command: (name) => `drop function ${name}`,
    values: (_, name) => ({ function: name, ok: true }),
  },
  {
    name: "show-jobs",
    form: "list",
    command: () => "show jobs",
    values: (reply) => ({ jobs: jobRows(reply) }),
  },
  {
    name: "show-unique-jobs",
    form: "list",
    command: () => "show unique jobs",
    values: (reply) => ({ unique_ids: listLines(reply) }),
  },
  {
    name: "cancel-job",
    form: "line",
    command: (handle) => `cancel job ${handle}`,
    values: (_, handle) => ({ handle, ok: true }),
  },
  {
    name: "server-verbose",
    form: "line",
    command: () => "verbose",
    values: (reply) => ({ verbose: valueOf(reply) }),
  },
  {
    name: "server-version",
    form: "line",
    command: () => "version",
    values: (reply) => ({ version: valueOf(reply) }),
  },
  {
    name: "workers",
    form: "list",
    command: () => "workers",
    values: (reply) => ({ workers: workerRows(reply) }),
  },
  {
    name: "priority-status",
    form: "list",
    command: () => "prioritystatus",
    values: (reply) => ({ functions: priorityRows(reply) }),
  },
  {
    name: "status",
    form: "list",
    command: () => "status",
    values: (reply) => ({ functions: functionRows(reply) }),
  },
];

/** The actions that were asked for, in the reference's order. Throws `CliError`. */
export function actionsOf(values: OptionValues): Action[] {
  return SHAPES.filter(({ name }) => values.isGiven(name)).map((shape) => {
    const value = values.text(shape.name) ?? "";
    if (/[\r\n\0]/.test(value)) {
      throw new CliError(
        "INVALID_ARGUMENT",
        `the argument for option '--${shape.name}' is invalid`,
      );
    }
    return {
      name: shape.name,
      command: Buffer.from(shape.command(value)),
      form: shape.form,
      values: (reply) => shape.values(reply, value),
    };
  });
}

interface QueueLimit {
  readonly function: string;
  /** High, normal and low; null: no limit. */
  readonly limits: readonly [number | null, number | null, number | null];
}

/** `F=N`, `F=HIGH,NORMAL`, `F=HIGH,NORMAL,LOW`, or `F=` for no limit. Throws `CliError`. */
export function maxqueueOf(value: string): QueueLimit {
  const [, name, list] = /^(.+)=((?:\d{1,9}(?:,\d{1,9}){0,2})?)$/s.exec(value) ?? [];
  if (name === undefined || name.includes(" ")) {
    throw new CliError(
      "INVALID_ARGUMENT",
      `the argument ('${value}') for option '--maxqueue' is invalid: it is FUNCTION=N, ` +
        "FUNCTION=HIGH,NORMAL,LOW or FUNCTION=",
    );
  }
  const numbers = list === "" ? [] : list!.split(",").map((text) => Number(text) || null);
  const [high = null, normal = null, low = null] = numbers;
  return {
    function: name,
    limits: numbers.length === 1 ? [high, high, high] : [high, normal, low],
  };
}

function maxqueueCommand(value: string): string {
  const { function: name, limits } = maxqueueOf(value);
  // Three numbers mean the same everywhere; 0 is none.
  return limits.every((limit) => limit === null)
    ? `maxqueue ${name}`
    : `maxqueue ${name} ${limits.map((limit) => limit ?? 0).join(" ")}`;
}

/** What stands behind `OK`. */
function valueOf(reply: Uint8Array): string {
  return Buffer.from(reply).toString("utf8").replace(/^OK ?/, "").replace(/\r?\n$/, "");
}

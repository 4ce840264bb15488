import { getopt } from "./getopt.ts";
import { GEARMAN_OPTIONS, HIDDEN_LETTERS } from "./option_table.ts";

/** How standard input and output are cut into pieces. */
export type LineMode = "whole" | "lines" | "bare lines";

/** What `gearman` was asked to do. */
export interface GearmanArguments {
  readonly functions: readonly string[];
  /** Data of jobs, or the worker's command with its arguments. */
  readonly operands: readonly string[];
  readonly worker: boolean;
  readonly background: boolean;
  readonly priority: "high" | "normal" | "low";
  readonly unique: string | undefined;
  readonly lines: LineMode;
  /** Without data on the command line: one job without data, standard input is not read. */
  readonly noInput: boolean;
  readonly prefix: boolean;
  readonly verbose: boolean;
  /** Undefined: no limit. */
  readonly timeoutMs: number | undefined;
  /** Jobs that the worker does before it ends; 0: no end. */
  readonly count: number;
  readonly pidFile: string | undefined;
  readonly detach: boolean;
  readonly tls: boolean;
  readonly help: boolean;
  readonly host: string | undefined;
  readonly port: number | undefined;
}

/** The words as far as they could be read, and what was wrong: gearman says so in its help. */
export interface ReadArguments {
  readonly given: GearmanArguments;
  /** Undefined: nothing was wrong. */
  readonly mistake: string | undefined;
  readonly isOn: (letter: string) => boolean;
}

const VALUES = GEARMAN_OPTIONS.filter(({ valueName }) => valueName !== undefined)
  .map(({ letter }) => letter);
const SWITCHES = [...GEARMAN_OPTIONS.map(({ letter }) => letter), ...HIDDEN_LETTERS];
const MOST_PORT = 65535;
/** setTimeout's own limit. */
const MOST_MS = 0x7fff_ffff;

/** Reads gearman's command line (command line section 5). */
export function readArguments(words: readonly string[]): ReadArguments {
  const { options, operands, wrong } = getopt(
    words,
    (letter) =>
      VALUES.includes(letter) ? "value" : SWITCHES.includes(letter) ? "switch" : undefined,
  );
  const isOn = (letter: string) => options.some((option) => option.letter === letter);
  const all = (letter: string) =>
    options.filter((option) => option.letter === letter).map(({ value }) => value!);
  const last = (letter: string) => all(letter).at(-1);
  const functions = all("f");
  const numbers = {
    p: readNumber(last("p") || undefined, 0, MOST_PORT),
    t: readNumber(last("t"), -MOST_MS, MOST_MS),
    c: readNumber(last("c"), -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
  };
  const odd = Object.entries(numbers).find(([, value]) => value === "odd")?.[0];
  const number = (letter: keyof typeof numbers) => {
    const value = numbers[letter];
    return value === "odd" ? undefined : value;
  };
  const timeoutMs = number("t");
  return {
    given: {
      functions,
      operands,
      worker: isOn("w"),
      background: isOn("b"),
      priority: lastOf(options.map(({ letter }) => letter)),
      unique: last("u") || undefined,
      lines: isOn("N") ? "bare lines" : isOn("n") ? "lines" : "whole",
      noInput: isOn("s"),
      prefix: isOn("P"),
      verbose: isOn("v"),
      timeoutMs: timeoutMs === undefined || timeoutMs < 0 ? undefined : timeoutMs,
      count: Math.max(0, number("c") ?? 0),
      pidFile: last("i"),
      detach: isOn("d"),
      tls: isOn("S"),
      help: isOn("H"),
      host: last("h"),
      port: number("p") || undefined,
    },
    mistake: functions.length === 0
      ? "No Functions were provided"
      : wrong
      ? "-?"
      : odd === undefined
      ? undefined
      : `-${odd} ${last(odd)}`,
    isOn,
  };
}

function lastOf(letters: readonly string[]): "high" | "normal" | "low" {
  const last = letters.filter((letter) => letter === "I" || letter === "L").at(-1);
  return last === undefined ? "normal" : last === "I" ? "high" : "low";
}

function readNumber(
  text: string | undefined,
  least: number,
  most: number,
): number | "odd" | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  return /^[+-]?\d{1,16}$/.test(text) && value >= least && value <= most ? value : "odd";
}

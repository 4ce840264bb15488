import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runProgram } from "../support/mod.ts";

/**
 * Shell sessions in documents: fenced blocks marked `console`. A line that begins with `$ ` is a command,
 * and those after a `\` at its end belong to it; the lines below are what it prints, on stdout or stderr.
 * `…` in them stands for what differs each time: any text without a line end. A line of `…` alone stands
 * for any lines, also none.
 */
export interface Exchange {
  readonly command: string;
  readonly printed: string;
}

/** All commands of a document's `console` blocks, in order. */
export function consoleExchanges(document: string): Exchange[] {
  return fencedBlocks(document, "console").flatMap(exchangesOf);
}

/** Contents of the fenced blocks with this mark; "" is no mark. */
export function fencedBlocks(document: string, mark: string): string[] {
  const fences = document.matchAll(/^```(\S*)\n([\s\S]*?)^```$/gm);
  return [...fences].filter(([, own]) => own === mark).map(([, , content]) => content!);
}

/** Files that a document shows: a line that begins with the name in backquotes, then a fenced block. */
export function shownFiles(document: string): Map<string, string> {
  const files = document.matchAll(/^`([\w.-]+)`[^\n]*\n\n```\w+\n([\s\S]*?)^```$/gm);
  return new Map([...files].map(([, name, content]) => [name!, content!]));
}

function exchangesOf(block: string): Exchange[] {
  const exchanges: { command: string; printed: string }[] = [];
  let continues = false;
  for (const line of block.split("\n").slice(0, -1)) {
    const last = exchanges.at(-1);
    if (line.startsWith("$ ")) exchanges.push({ command: line.slice(2), printed: "" });
    else if (last === undefined) throw new Error(`There is no command above the line "${line}"`);
    else if (continues) last.command += `\n${line}`;
    else last.printed += `${line}\n`;
    continues = (line.startsWith("$ ") || continues) && line.endsWith("\\");
  }
  return exchanges;
}

export interface SessionOptions {
  /** Where the commands run; the session's script is put there, too. */
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What stands in documents, and what takes its place here: ports above all. */
  readonly substitutions?: Readonly<Record<string, string>>;
  /** Commands before the first one. */
  readonly before?: readonly string[];
}

const LIMIT_MS = 180_000;

/**
 * Runs the commands in one session of bash, and compares what each prints. What they started in the
 * background is ended at the end. Rejects with all that was printed where it is not as it should be.
 */
export async function runSession(
  exchanges: readonly Exchange[],
  { cwd, env = {}, substitutions = {}, before = [] }: SessionOptions,
): Promise<void> {
  const file = join(cwd, "session.sh");
  // As on a terminal, where curl shows no progress beside what it prints.
  await writeFile(join(cwd, ".curlrc"), "silent\nshow-error\n");
  const substituted = (text: string) => substitute(text, substitutions);
  const commands = exchanges.map(({ command }, at) => `${substituted(command)}\n${mark(at)}`);
  const lines = ["exec 2>&1", END_JOBS, ...before.map(substituted), mark(-1), ...commands];
  await writeFile(file, `${lines.join("\n")}\n`);
  const { stdout, timedOut } = await runProgram("bash", [file], {
    cwd,
    env: { ...env, CURL_HOME: cwd },
    timeoutMs: LIMIT_MS,
  });
  const printed = stdout.split(MARK);
  for (const [at, { command, printed: wanted }] of exchanges.entries()) {
    const own = printed[at + 1]?.replace(/^[-\d]+\n/, "");
    const shown = `$ ${command}\n${own ?? "(it was not reached)"}`;
    assert.ok(
      own !== undefined,
      `The session ended early${timedOut ? " (time-out)" : ""}: ${stdout}`,
    );
    assert.ok(
      patternOf(substituted(wanted)).test(own.trimEnd()),
      `It prints\n\n${shown}\n\nand should print\n\n${wanted}\nAll of it:\n${stdout}`,
    );
  }
  assert.equal(printed.length, exchanges.length + 2, `The session ended early: ${stdout}`);
}

/** The text with all places taken at once. */
export function substitute(text: string, substitutions: Readonly<Record<string, string>>): string {
  const places = Object.keys(substitutions).map(escaped).join("|");
  if (places === "") return text;
  return text.replace(new RegExp(places, "g"), (place) => substitutions[place]!);
}

const MARK = "\u0001";
const END_JOBS = "trap 'kill $(jobs -p) 2>/dev/null' EXIT";

function mark(at: number): string {
  return `printf '\\001${at}\\n'`;
}

/** What the text means with its `…`. */
function patternOf(wanted: string): RegExp {
  const lines = wanted.trimEnd().split("\n").map((line) =>
    line === "…" ? "[\\s\\S]*" : line.split("…").map(escaped).join(".*")
  );
  return new RegExp(`^${lines.join("\n").replaceAll("\n[\\s\\S]*", "[\\s\\S]*")}$`);
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}

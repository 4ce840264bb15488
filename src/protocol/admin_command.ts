import type { ByteString } from "./byte_string.ts";
import { ProtocolError } from "./protocol_error.ts";

/** One text line, understood (admin section 3). */
export type AdminCommand =
  | { readonly kind: "status" }
  | { readonly kind: "prioritystatus" }
  | { readonly kind: "workers" }
  | { readonly kind: "version" }
  | { readonly kind: "verbose" }
  | { readonly kind: "getpid" }
  | { readonly kind: "show jobs" }
  | { readonly kind: "show unique jobs" }
  | { readonly kind: "cancel job"; readonly handle: ByteString }
  | { readonly kind: "create function"; readonly name: ByteString }
  | { readonly kind: "drop function"; readonly name: ByteString }
  /** Limits per priority (high, normal, low); 0 = none. */
  | { readonly kind: "maxqueue"; readonly name: ByteString; readonly limits: QueueLimits }
  /** Wrong words: `reply` is the whole answer. */
  | { readonly kind: "refused"; readonly reply: ByteString };

/** Most jobs of a function per priority: high, normal, low; 0 = no limit. */
export type QueueLimits = readonly [high: number, normal: number, low: number];

/** More words than this end the connection (admin section 1). */
const MAX_WORDS = 5;

const BARE_COMMANDS: ReadonlySet<string> = new Set(
  [
    "status",
    "prioritystatus",
    "workers",
    "version",
    "verbose",
    "getpid",
  ] satisfies AdminCommand["kind"][],
);

type BareCommand = "status" | "prioritystatus" | "workers" | "version" | "verbose" | "getpid";

/**
 * Reads a text line. Commands and their sub-words are case-insensitive, names are not.
 * @throws {ProtocolError} `TOO_MANY_WORDS` when the connection has to be closed.
 */
export function parseAdminLine(line: ByteString): AdminCommand {
  const words = wordsOf(line);
  if (words.length > MAX_WORDS) {
    throw new ProtocolError("TOO_MANY_WORDS", `text line of ${words.length} words`);
  }
  const first = words[0] ?? "";
  const command = lowerCase(first);
  if (BARE_COMMANDS.has(command)) return { kind: command as BareCommand };
  switch (command) {
    case "show":
      return parseShow(words);
    case "cancel":
      return parseCancel(words);
    case "create":
    case "drop":
      return parseFunctionCommand(command, words);
    case "maxqueue":
      return parseMaxQueue(words);
    default:
      return unknownCommand(first);
  }
}

/**
 * Words are split at runs of SPACE only. A leading or trailing space makes an empty word there, and
 * a NUL ends the word it is in (admin section 1).
 */
function wordsOf(line: ByteString): ByteString[] {
  return line.split(/ +/).map((word) => {
    const nul = word.indexOf("\0");
    return nul < 0 ? word : word.slice(0, nul);
  });
}

function parseShow(words: readonly ByteString[]): AdminCommand {
  if (words.length === 1) return unknownCommand(words[0]!);
  const rest = words.slice(1).map(lowerCase).join(" ");
  if (rest === "jobs") return { kind: "show jobs" };
  if (rest === "unique jobs") return { kind: "show unique jobs" };
  return refused("ERR UNKNOWN_SHOW_ARGUMENTS\r\n");
}

function parseCancel(words: readonly ByteString[]): AdminCommand {
  if (words.length < 3) return unknownCommand(words[0]!);
  if (words.length === 3 && lowerCase(words[1]!) === "job") {
    return { kind: "cancel job", handle: words[2]! };
  }
  return refused("ERR UNKNOWN_ERROR\r\n");
}

function parseFunctionCommand(
  command: "create" | "drop",
  words: readonly ByteString[],
): AdminCommand {
  if (words.length === 3 && lowerCase(words[1]!) === "function") {
    return { kind: `${command} function`, name: words[2]! };
  }
  return incomplete(words[0]!);
}

function parseMaxQueue(words: readonly ByteString[]): AdminCommand {
  if (words.length === 1) return incomplete(words[0]!);
  const numbers = words.slice(2).map(limitOf);
  const [a = 0, b = 0, c = 0] = numbers;
  const limits: QueueLimits = numbers.length === 1 ? [a, a, a] : [a, b, c];
  return { kind: "maxqueue", name: words[1]!, limits };
}

/** As C's atoi: leading digits count, text is 0; zero and below mean no limit. */
function limitOf(word: ByteString): number {
  const number = Number(/^[ \t]*\+?(\d+)/.exec(word)?.[1] ?? 0);
  return Math.min(number, 0x7fffffff);
}

function lowerCase(word: ByteString): string {
  return word.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** The word is glued to "command", in the case it was sent (admin section 3). */
function unknownCommand(word: ByteString): AdminCommand {
  return refused(`ERR UNKNOWN_COMMAND Unknown+server+command${word}\r\n`);
}

function incomplete(command: ByteString): AdminCommand {
  return refused(
    `ERR INVALID_ARGUMENTS An+incomplete+set+of+arguments+was+sent+to+this+command+${command}\r\n`,
  );
}

function refused(reply: ByteString): AdminCommand {
  return { kind: "refused", reply };
}

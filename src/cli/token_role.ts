import {
  changeTokenFile,
  newToken,
  readTokenFile,
  ROLES,
  TOKEN_NAME,
  type TokenEntry,
  TokenFileError,
  tokenHash,
} from "../gateway/trust/mod.ts";
import { CliError } from "./cli_error.ts";
import { helpText } from "./help.ts";
import type { OptionSpec } from "./option_spec.ts";
import { OptionValues } from "./option_values.ts";
import { parseWords } from "./parse.ts";

export interface TokenParts {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

const GROUP = "Token";

/** What `cogd token` can do. */
export const TOKEN_WORDS = ["add", "list", "remove"] as const;

export const TOKEN_OPTIONS: readonly OptionSpec[] = [
  {
    name: "file",
    kind: "text",
    group: GROUP,
    valueName: "FILE",
    help: "The token file, as in the server's --http-tokens. Made if it is missing.",
  },
  {
    name: "name",
    kind: "text",
    group: GROUP,
    valueName: "NAME",
    help: "Whose token it is; stands in the log.",
  },
  {
    name: "role",
    kind: "text",
    group: GROUP,
    valueName: "ROLE",
    help:
      `What it may do: ${ROLES.join(", ")}; several with commas. operate brings inspect, admin ` +
      "brings all.",
    repeatable: true,
  },
  {
    name: "functions",
    kind: "text",
    group: GROUP,
    valueName: "NAMES",
    default: "*",
    help: "Functions it is good for, with * and ?, several with commas.",
  },
  {
    name: "expires",
    kind: "text",
    group: GROUP,
    valueName: "TIME",
    help: "After that time it does not count: 12h, 30d, 8w or a date. Default: never.",
  },
  { name: "help", short: "h", kind: "switch", group: GROUP, help: "This text." },
];

const HEAD = `Usage: cogd token add --file FILE --name NAME --role ROLE [options]
       cogd token list --file FILE
       cogd token remove --file FILE --name NAME

Tokens for the HTTP side. A running server takes changes over within a second.
`;

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
};

/** `cogd token add`, `list`, `remove`. Answers the exit code, 0 or 1. */
export function manageTokens(args: readonly string[], parts: TokenParts): number {
  try {
    return obey(args, parts);
  } catch (error) {
    if (!(error instanceof CliError) && !(error instanceof TokenFileError)) throw error;
    parts.stderr(`cogd: ${error.message}\n`);
    return 1;
  }
}

function obey([command, ...words]: readonly string[], parts: TokenParts): number {
  if (command === undefined || command === "--help" || command === "-h") {
    parts.stdout(helpText(TOKEN_OPTIONS, HEAD));
    return 0;
  }
  const values = new OptionValues(TOKEN_OPTIONS);
  values.add(parseWords(words, TOKEN_OPTIONS, { otherWords: "refuse" }));
  if (values.isGiven("help")) {
    parts.stdout(helpText(TOKEN_OPTIONS, HEAD));
    return 0;
  }
  if (command === "add") add(values, parts);
  else if (command === "list") list(values, parts);
  else if (command === "remove") remove(values, parts);
  else {
    throw new CliError("INVALID_ARGUMENT", `Cannot do "${command}": it is add, list or remove`);
  }
  return 0;
}

function add(values: OptionValues, { stdout, stderr, now }: TokenParts): void {
  const path = required(values, "file");
  const name = nameOf(values);
  const token = newToken();
  const entry: TokenEntry = {
    name,
    sha256: [...tokenHash(token)].map((byte) => byte.toString(16).padStart(2, "0")).join(""),
    roles: rolesOf(values),
    functions: listed(values.text("functions")!, "functions"),
    created: new Date(now()).toISOString(),
    expires: expiryOf(values, now()),
  };
  changeTokenFile(path, (tokens) => {
    if (!tokens.some((one) => one.name === name)) return [...tokens, entry];
    throw new CliError("INVALID_ARGUMENT", `Cannot add the token "${name}": there is one already`);
  });
  stderr("The token is shown only now:\n");
  stdout(`${token}\n`);
}

function list(values: OptionValues, { stdout, now }: TokenParts): void {
  const { tokens } = readTokenFile(required(values, "file"));
  const rows = tokens.map(({ name, roles, functions, created, expires }) => [
    name,
    roles.join(","),
    functions.join(","),
    created,
    expires === null ? "never" : Date.parse(expires) > now() ? expires : `${expires} (expired)`,
  ]);
  const all = [["NAME", "ROLES", "FUNCTIONS", "CREATED", "EXPIRES"], ...rows];
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  for (const row of all) {
    stdout(`${row.map((text, column) => text.padEnd(widths[column]!)).join("  ").trimEnd()}\n`);
  }
}

function remove(values: OptionValues, { stdout }: TokenParts): void {
  const path = required(values, "file");
  const name = nameOf(values);
  // A missing file would be made by the change.
  readTokenFile(path);
  changeTokenFile(path, (tokens) => {
    const rest = tokens.filter((one) => one.name !== name);
    if (rest.length < tokens.length) return rest;
    throw new CliError("INVALID_ARGUMENT", `Cannot remove the token "${name}": there is none`);
  });
  stdout(`Removed the token "${name}"\n`);
}

function required(values: OptionValues, name: string): string {
  const value = values.text(name) ?? "";
  if (value !== "") return value;
  throw new CliError("MISSING_ARGUMENT", `Cannot do this without --${name}`);
}

function nameOf(values: OptionValues): string {
  const name = required(values, "name");
  if (TOKEN_NAME.test(name)) return name;
  throw new CliError(
    "INVALID_ARGUMENT",
    `Cannot use the name "${name}": letters, digits and ._@- only, at most 64`,
  );
}

function rolesOf(values: OptionValues): TokenEntry["roles"] {
  const given = values.texts("role").flatMap((text) => listed(text, "role"));
  if (given.length === 0) throw new CliError("MISSING_ARGUMENT", "Cannot do this without --role");
  return [...new Set(given)].map((text) => {
    const role = ROLES.find((known) => known === text);
    if (role !== undefined) return role;
    throw new CliError(
      "INVALID_ARGUMENT",
      `Cannot give the role "${text}": there are ${ROLES.join(", ")}`,
    );
  });
}

function listed(text: string, option: string): string[] {
  const items = text.split(",").map((item) => item.trim());
  if (items.every((item) => item !== "")) return items;
  throw new CliError("INVALID_ARGUMENT", `Cannot use --${option} "${text}": an item is empty`);
}

function expiryOf(values: OptionValues, now: number): string | null {
  const text = values.text("expires");
  if (text === undefined) return null;
  const [, count, unit] = /^([0-9]{1,6})([smhdw])$/.exec(text) ?? [];
  const at = unit === undefined ? dateOf(text) : now + Number(count) * UNIT_MS[unit]!;
  if (at > now) return new Date(at).toISOString();
  throw new CliError(
    "INVALID_ARGUMENT",
    `Cannot use --expires "${text}": it is a time to come, as 12h, 30d, 8w or 2030-01-31`,
  );
}

/** Milliseconds since 1970; 0 for what is no date. */
function dateOf(text: string): number {
  return /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) || 0 : 0;
}

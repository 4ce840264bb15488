import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { Role } from "../role.ts";
import { ROLES } from "./identity.ts";

/** One token as the file has it: never the token itself. */
export interface TokenEntry {
  /** Whose it is, unique in its file; stands in logs. */
  readonly name: string;
  /** SHA-256 of the token, 64 hexadecimal digits. */
  readonly sha256: string;
  readonly roles: readonly Role[];
  /** Function names it is good for, with `*` and `?`. */
  readonly functions: readonly string[];
  /** RFC 3339. */
  readonly created: string;
  /** RFC 3339; null = never. */
  readonly expires: string | null;
}

export type TokenFileErrorCode = "UNREADABLE" | "INVALID" | "UNSAFE" | "UNWRITABLE" | "BUSY";

/**
 * A token file cannot be used: it is `UNREADABLE` or `UNWRITABLE`, its content `INVALID`, others may change it
 * (`UNSAFE`), or another command is changing it (`BUSY`).
 */
export class TokenFileError extends Error {
  readonly code: TokenFileErrorCode;
  constructor(code: TokenFileErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "TokenFileError";
    this.code = code;
  }
}

/** Says to people, and to programs that look for leaked secrets, what such a text is. */
const PREFIX = "cogd_";
const TOKEN_BYTES = 32;

/** A new token: 256 random bits. */
export function newToken(): string {
  return PREFIX + randomBytes(TOKEN_BYTES).toString("base64url");
}

/**
 * The form in which a token is kept. A plain SHA-256 is enough, because nobody can try out 2^256 tokens;
 * slow hashes are for passwords, which can be guessed, and would cost every request.
 */
export function tokenHash(token: string): Uint8Array {
  return createHash("sha256").update(token).digest();
}

/** Compares hashes in a time that does not depend on where they differ. */
export function sameHash(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

export const TOKEN_NAME = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/;

/** The tokens in a file's text. Throws `TokenFileError` `INVALID`. */
export function parseTokens(text: string, path: string): TokenEntry[] {
  const invalid = (what: string, cause?: unknown) =>
    new TokenFileError("INVALID", `Cannot use the token file ${path}: ${what}`, { cause });
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (cause) {
    throw invalid("it is no JSON; make it with `cogd token add`", cause);
  }
  const { tokens } = Object(content) as { tokens?: unknown };
  if (!Array.isArray(tokens)) throw invalid('it has no list "tokens"');
  const names = new Set<string>();
  return tokens.map((entry, at) => {
    const wrong = wrongIn(entry);
    if (wrong !== undefined) throw invalid(`tokens[${at}] has ${wrong}`);
    const { name, sha256, roles, functions, created, expires } = entry as TokenEntry;
    if (names.has(name)) throw invalid(`the name "${name}" stands there twice`);
    names.add(name);
    return { name, sha256, roles, functions, created, expires };
  });
}

function wrongIn(entry: unknown): string | undefined {
  const { name, sha256, roles, functions, created, expires } = Object(entry) as Record<
    string,
    unknown
  >;
  if (typeof name !== "string" || !TOKEN_NAME.test(name)) return "no proper name";
  if (typeof sha256 !== "string" || !/^[0-9a-f]{64}$/.test(sha256)) return "no proper sha256";
  if (!isTextList(roles) || !roles.every((role) => ROLES.some((known) => known === role))) {
    return `a role that is none of ${ROLES.join(", ")}`;
  }
  if (!isTextList(functions)) return "no functions";
  if (!isTime(created)) return "no proper time of creation";
  return expires === null || isTime(expires) ? undefined : "no proper time of expiry";
}

function isTextList(value: unknown): value is string[] {
  return Array.isArray(value) && value.length > 0 &&
    value.every((item) => typeof item === "string" && item !== "");
}

function isTime(value: unknown): boolean {
  return typeof value === "string" && !Number.isNaN(Date.parse(value));
}

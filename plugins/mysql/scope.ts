import type { Buffer } from "node:buffer";

/** The tables and the part of their rows that belong to one server. As SQL, to be pasted. */
export interface Scope {
  readonly jobs: string;
  readonly records: string;
  readonly lease: string;
  /** Names of the tables, unquoted and in lower case. */
  readonly bareNames: readonly string[];
  /** The namespace, a literal of bytes. */
  readonly namespace: string;
}

/** `prefix` has letters, digits and "_" only; `namespace` is a literal already. */
export function scopeOf(prefix: string, namespace: string): Scope {
  return {
    jobs: quoted(`${prefix}jobs`),
    records: quoted(`${prefix}records`),
    lease: quoted(`${prefix}lease`),
    bareNames: ["jobs", "records", "lease"].map((name) => `${prefix}${name}`.toLowerCase()),
    namespace,
  };
}

/** A name of a table or column as SQL. */
export function quoted(name: string): string {
  return `\`${name.replaceAll("`", "``")}\``;
}

/** Bytes as SQL: they are in no character set, and nothing in them is taken for SQL. */
export function bytesLiteral(bytes: Buffer): string {
  return `x'${bytes.toString("hex")}'`;
}

/** A safe integer as SQL. */
export function numberLiteral(value: number): string {
  if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is not a safe integer`);
  return String(value);
}

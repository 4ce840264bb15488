/** What this plugin uses of the package `pg`, which comes without types. */

import type { Buffer } from "node:buffer";

/** A parameter: a `Buffer` is sent in PostgreSQL's binary format, a text as text. */
export type Parameter = Buffer | string | null;

export interface PreparedQuery {
  readonly text: string;
  /** Name of a prepared statement, the same text each time. */
  readonly name?: string;
  readonly values?: readonly Parameter[];
  readonly rowMode: "array";
}

/** All values as the text that the server sent. */
export interface QueryResult {
  readonly rows: readonly (readonly (string | null)[])[];
}

/** A query whose replies its own code takes, as `pg` lets one pass in. */
export interface OwnQuery {
  submit(connection: { query(text: string): void }): null;
  handleRowDescription(): void;
  handleDataRow(): void;
  handleCopyData(message: { readonly chunk: Uint8Array }): void;
  handleCommandComplete(): void;
  handleEmptyQuery(): void;
  handlePortalSuspended(): void;
  handleReadyForQuery(): void;
  handleError(error: unknown): void;
}

export interface TlsOptions {
  readonly rejectUnauthorized: boolean;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly passphrase?: string;
  readonly servername?: string;
  readonly checkServerIdentity?: () => undefined;
}

export interface ClientConfig {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  /** A function, so that the driver looks for no password of its own. */
  readonly password: () => string;
  readonly ssl: false | TlsOptions;
  readonly application_name: string;
  readonly options?: string;
  readonly connectionTimeoutMillis: number;
  readonly types: { getTypeParser(): (text: string) => string };
}

export interface Client {
  /** Number of the server's process. */
  readonly processID: number | null;
  readonly connection: { readonly stream: { destroy(): void } };
  connect(): Promise<unknown>;
  query(query: PreparedQuery | string): Promise<QueryResult>;
  query(query: OwnQuery): unknown;
  end(): Promise<void>;
  on(event: "error", listener: (error: unknown) => void): unknown;
  on(event: "end", listener: () => void): unknown;
  on(event: "notice", listener: (notice: Notice) => void): unknown;
}

export interface Notice {
  readonly severity?: string;
  readonly message?: string;
}

/** The package, loaded. */
export interface PgPackage {
  readonly Client: new (config: ClientConfig) => Client;
}

/** Loads the package, which takes a while: only when a store is opened. */
export async function loadPackage(): Promise<PgPackage> {
  return await import("pg") as unknown as PgPackage;
}

/** An error that the server sent, with the fields of its message that are used here. */
export interface ServerError extends Error {
  /** SQLSTATE, five characters. */
  readonly code: string;
  readonly severity: string;
}

/** Whether the server itself reported the error (and not the network or the driver). */
export function isServerError(error: unknown): error is ServerError {
  if (!(error instanceof Error)) return false;
  const { code, severity } = error as Partial<ServerError>;
  return typeof severity === "string" && typeof code === "string" && code.length === 5;
}

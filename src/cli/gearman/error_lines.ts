import { GearmanError, type GearmanErrorCode } from "../../client/mod.ts";

/** libgearman's name for a condition and what it says of it. Scripts look for the names. */
const PHRASES: Partial<Record<GearmanErrorCode, string>> = {
  CONNECTION_LOST:
    "_client_run_tasks(GEARMAN_LOST_CONNECTION) detected lost connection in _client_run_tasks()",
  TIMEOUT: "gearman_wait(GEARMAN_TIMEOUT) timeout reached, 1 servers were poll(), " +
    "no servers were available, pipe:false",
  ABORTED: "gearman_wait(GEARMAN_TIMEOUT) timeout reached, 1 servers were poll(), " +
    "no servers were available, pipe:false",
  QUEUE_FULL: "_client_run_tasks(GEARMAN_QUEUE_ERROR) QUEUE_ERROR:Job queue is full",
};

/** What a failure is called by `gearman`, without source line and process (`call`: libgearman's function). */
export function errorLine(call: string, error: unknown): string {
  return `gearman: ${call} : ${phrase(error)}\n`;
}

function phrase(error: unknown): string {
  if (!(error instanceof GearmanError)) {
    return error instanceof Error ? error.message : String(error);
  }
  if (error.code !== "CONNECT_FAILED" && error.code !== "TLS_FAILED") {
    return PHRASES[error.code] ?? error.message;
  }
  return `flush(GEARMAN_COULD_NOT_CONNECT) ${connectionText(error)}`;
}

function connectionText(error: GearmanError): string {
  const [, server] = /^Cannot connect to "([^"]+)"/.exec(error.message) ?? [];
  return server === undefined ? error.message : `Connection to ${server} failed`;
}

/** The server whose name nobody knows, if that is why no connection could be made. */
export function unknownHost(error: unknown): string | undefined {
  if (!(error instanceof GearmanError) || error.code !== "CONNECT_FAILED") return undefined;
  const { code } = (error.cause ?? {}) as NodeJS.ErrnoException;
  if (code !== "ENOTFOUND" && code !== "EAI_AGAIN") return undefined;
  return /^Cannot connect to "([^"]+)"/.exec(error.message)?.[1]?.replace(/^\[(.*)\]/, "$1");
}

/**
 * What went wrong:
 * - `CONNECT_FAILED`: none of the servers could be reached.
 * - `TLS_FAILED`: a server was reached, but it does not speak TLS, or its certificate is not trusted.
 * - `CONNECTION_LOST`: the connection ended while an answer was due; the server may have the job.
 * - `TIMEOUT`, `ABORTED`: the caller's own bound; the job itself goes on.
 * - `JOB_FAILED`, `JOB_EXCEPTION`: the worker said so.
 * - `QUEUE_FULL`: the function's queue has reached its limit.
 * - `QUEUE_REFUSED`: the server's persistent queue did not take the job.
 * - `SERVER_ERROR`: another ERROR of the server; the text is its own.
 * - `PROTOCOL`: the peer does not speak the Gearman protocol.
 * - `STREAM_OVERFLOW`: more updates came than are kept for a reader who does not read.
 * - `CLOSED`: the client or worker was closed.
 * - `INVALID_ARGUMENT`: a name, a unique ID or an address that cannot be sent.
 */
export type GearmanErrorCode =
  | "CONNECT_FAILED"
  | "TLS_FAILED"
  | "CONNECTION_LOST"
  | "TIMEOUT"
  | "ABORTED"
  | "JOB_FAILED"
  | "JOB_EXCEPTION"
  | "QUEUE_FULL"
  | "QUEUE_REFUSED"
  | "SERVER_ERROR"
  | "PROTOCOL"
  | "STREAM_OVERFLOW"
  | "CLOSED"
  | "INVALID_ARGUMENT";

/** Every error of this library; `code` tells which. */
export class GearmanError extends Error {
  /** Which of the closed set of conditions it is. */
  readonly code: GearmanErrorCode;

  /** An error with its code and, where there is one, its cause. */
  constructor(code: GearmanErrorCode, text: string, options?: ErrorOptions) {
    super(text, options);
    this.name = "GearmanError";
    this.code = code;
  }
}

/** The worker sent WORK_FAIL, or the server gave the job up. */
export class JobFailedError extends GearmanError {
  /** Handle of the job. */
  readonly handle: string;

  /** The job with this handle failed. */
  constructor(handle: string) {
    super("JOB_FAILED", `Job "${handle}" failed`);
    this.name = "JobFailedError";
    this.handle = handle;
  }
}

/** The worker sent WORK_EXCEPTION. */
export class JobExceptionError extends GearmanError {
  /** Handle of the job. */
  readonly handle: string;
  /** What the worker sent with the exception; its text, by convention. */
  readonly data: Uint8Array;

  /** The job with this handle ended in an exception. */
  constructor(handle: string, data: Uint8Array) {
    super("JOB_EXCEPTION", `Job "${handle}" threw: ${new TextDecoder().decode(data)}`);
    this.name = "JobExceptionError";
    this.handle = handle;
    this.data = data;
  }
}

/** The connection ended while an answer was due. */
export class ConnectionLostError extends GearmanError {
  /** `host:port` of the server. */
  readonly server: string;

  /** The connection to this server was lost; `heard`: after the server had said something. */
  constructor(server: string, options?: ErrorOptions, heard = true) {
    const hint = heard
      ? ""
      : " before the server had said anything: perhaps only one of the two speaks TLS";
    super("CONNECTION_LOST", `Connection to "${server}" was lost${hint}`, options);
    this.name = "ConnectionLostError";
    this.server = server;
  }
}

/** The function's queue has reached the limit that the operator set. */
export class QueueFullError extends GearmanError {
  /** The queue of this function is full. */
  constructor(functionName: string) {
    super("QUEUE_FULL", `Queue of "${functionName}" is full`);
    this.name = "QueueFullError";
  }
}

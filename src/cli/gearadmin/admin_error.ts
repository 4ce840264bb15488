/**
 * Why a server could not be asked:
 * - `UNKNOWN_HOST`, `UNKNOWN_SERVICE`: no address for the host, no port of that name.
 * - `CONNECT_FAILED`: nobody listens there, or does not answer in time.
 * - `TLS_FAILED`: one side does not speak TLS, or the server's certificate is not trusted.
 * - `LOST`: the connection ended before the answer did.
 * - `TIMEOUT`: the answer did not come in time.
 * - `TOO_LONG`: the answer is longer than any server's.
 */
export type AdminErrorCode =
  | "UNKNOWN_HOST"
  | "UNKNOWN_SERVICE"
  | "CONNECT_FAILED"
  | "TLS_FAILED"
  | "LOST"
  | "TIMEOUT"
  | "TOO_LONG";

export class AdminError extends Error {
  readonly code: AdminErrorCode;
  constructor(code: AdminErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "AdminError";
    this.code = code;
  }
}

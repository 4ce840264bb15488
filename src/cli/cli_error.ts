/**
 * Why the command line or the start failed. The first group are mistakes on the command line or in the
 * configuration file, the second what the system refused.
 */
export type CliErrorCode =
  | "UNKNOWN_OPTION"
  | "AMBIGUOUS_OPTION"
  | "REPEATED_OPTION"
  | "MISSING_ARGUMENT"
  | "UNEXPECTED_ARGUMENT"
  | "INVALID_ARGUMENT"
  | "NOT_AVAILABLE"
  | "CONFIG_FILE"
  | "TLS_FILES"
  | "OPEN_FILES"
  | "USER"
  | "DATA_DIR"
  | "PID_FILE"
  | "ADDRESS"
  | "DAEMON"
  | "STORE_LOST";

/** A failure that is told to the operator as `cogd: MESSAGE`; the program then exits with 1. */
export class CliError extends Error {
  readonly code: CliErrorCode;
  constructor(code: CliErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "CliError";
    this.code = code;
  }
}

/** The reason in an error of any kind, for the end of a message. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

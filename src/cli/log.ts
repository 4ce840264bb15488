import { Buffer } from "node:buffer";
import { closeSync, openSync, writeSync } from "node:fs";
import process from "node:process";
import type { LogLevel } from "../plugin_api/mod.ts";
import { reasonOf } from "./cli_error.ts";
import { LogLineFormat } from "./log_line.ts";
import { severityOf, type Verbosity } from "./log_level.ts";
import type { SystemLog } from "./system_log.ts";

/** Where lines go: `stderr`, nowhere, or a file that is appended to. */
export type LogDestination =
  | { readonly kind: "stderr" }
  | { readonly kind: "none" }
  | { readonly kind: "file"; readonly path: string };

/** What the parts of the server get. */
export interface Logger {
  /** Writes one line if the log shows this level. Never throws. */
  log(level: LogLevel, message: string): void;
  /** Whether a line of this level would be written: asked before costly messages. */
  enabled(level: LogLevel): boolean;
}

export interface LogOptions {
  readonly destination: LogDestination;
  readonly verbosity: Verbosity;
  readonly systemLog?: SystemLog | undefined;
  /** Told of a log file that cannot be opened; the text has no line end. */
  readonly complain: (text: string) => void;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

const STDERR = 2;
const CLOSED = -1;

/** The server's log: written line by line, at once, and never a reason to fail. */
export class Log implements Logger {
  readonly #destination: LogDestination;
  readonly #shown: number;
  readonly #format: LogLineFormat;
  readonly #systemLog: SystemLog | undefined;
  readonly #complain: (text: string) => void;
  readonly #now: () => number;
  #descriptor: number;
  #lostLines = 0;

  /** Opens the log. A file that cannot be opened is complained about and replaced by stderr. */
  constructor(options: LogOptions) {
    this.#destination = options.destination;
    this.#shown = severityOf(options.verbosity);
    this.#format = new LogLineFormat(options.verbosity === "DEBUG");
    this.#systemLog = options.systemLog;
    this.#complain = options.complain;
    this.#now = options.now ?? Date.now;
    this.#descriptor = this.#open();
  }

  log(level: LogLevel, message: string): void {
    if (this.enabled(level)) this.#write(level, message);
  }

  enabled(level: LogLevel): boolean {
    return severityOf(level) <= this.#shown;
  }

  /** Writes a line whatever the verbosity is: what the server promises, and what its start found. */
  announce(message: string, level: LogLevel = "NOTICE"): void {
    this.#write(level, message);
  }

  /** Whether lines end up on standard error. */
  get onStderr(): boolean {
    return this.#descriptor === STDERR;
  }

  /** Opens the file by its name anew, after it was moved away. Keeps the old one if that fails. */
  reopen(): void {
    if (this.#destination.kind !== "file") return;
    try {
      const descriptor = openLogFile(this.#destination.path);
      this.#closeFile();
      this.#descriptor = descriptor;
    } catch (error) {
      this.log("ERROR", `Cannot reopen log file "${this.#destination.path}": ${reasonOf(error)}`);
    }
  }

  close(): void {
    this.#systemLog?.close();
    this.#closeFile();
  }

  #closeFile(): void {
    const descriptor = this.#descriptor;
    this.#descriptor = CLOSED;
    if (descriptor === STDERR || descriptor === CLOSED) return;
    try {
      closeSync(descriptor);
    } catch {
      // Nothing more can be done, and nobody could be told.
    }
  }

  #open(): number {
    switch (this.#destination.kind) {
      case "none":
        return CLOSED;
      case "stderr":
        return STDERR;
      case "file":
        try {
          return openLogFile(this.#destination.path);
        } catch (error) {
          this.#complain(
            `Could not open log file "${this.#destination.path}", from "${process.cwd()}", ` +
              `switching to stderr. (${reasonOf(error)})`,
          );
          return STDERR;
        }
    }
  }

  #write(level: LogLevel, message: string): void {
    this.#systemLog?.write(level, message);
    if (this.#descriptor === CLOSED) return;
    let text = this.#format.line(level, message, this.#now());
    if (this.#lostLines > 0) {
      const lost = `${this.#lostLines} log lines could not be written`;
      text = this.#format.line("WARNING", lost, this.#now()) + text;
    }
    if (writeAll(this.#descriptor, text)) this.#lostLines = 0;
    else this.#lostLines++;
  }
}

function openLogFile(path: string): number {
  return openSync(path, "a", 0o644);
}

/** Answers whether all of it was written: a full disk or a reader that went away loses lines. */
function writeAll(descriptor: number, text: string): boolean {
  const bytes = Buffer.from(text);
  try {
    for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at);
    return true;
  } catch {
    return false;
  }
}

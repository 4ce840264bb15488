import { lstatSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { CliError, reasonOf } from "./cli_error.ts";

/** The file that holds the process ID while the server runs (`--pid-file`). */
export class PidFile {
  readonly #path: string;
  readonly #text: string;

  private constructor(path: string, text: string) {
    this.#path = path;
    this.#text = text;
  }

  /**
   * Writes `PID` and LF. A file of that name is replaced, as gearmand does: it is no guard against a
   * second server. Throws `CliError` `PID_FILE`.
   */
  static create(path: string, processId: number): PidFile {
    const text = `${processId}\n`;
    try {
      removeIfThere(path);
      // "wx": a link that somebody put there meanwhile is not followed.
      writeFileSync(path, text, { flag: "wx", mode: 0o644 });
    } catch (cause) {
      throw new CliError("PID_FILE", `Cannot write pid file "${path}": ${reasonOf(cause)}`, {
        cause,
      });
    }
    return new PidFile(path, text);
  }

  /** Removes it, unless another server has taken its place. Throws `CliError` `PID_FILE`. */
  remove(): void {
    try {
      if (readFileSync(this.#path, "utf8") === this.#text) unlinkSync(this.#path);
    } catch (cause) {
      if (isMissing(cause)) return;
      throw new CliError("PID_FILE", `Cannot remove pid file "${this.#path}": ${reasonOf(cause)}`, {
        cause,
      });
    }
  }
}

function removeIfThere(path: string): void {
  const existing = lstatSync(path, { throwIfNoEntry: false });
  if (existing === undefined) return;
  // Deno's unlink would remove an empty folder.
  if (existing.isDirectory()) throw new Error("it is a folder");
  unlinkSync(path);
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOENT";
}

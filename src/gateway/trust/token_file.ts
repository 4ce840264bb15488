import {
  chmodSync,
  closeSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { parseTokens, type TokenEntry, TokenFileError } from "./token_entry.ts";

/** What tells one state of a file from the next. */
export interface FileState {
  readonly mark: string;
  /** Permission bits. */
  readonly mode: number;
}

/** Group and others may write. */
const WRITABLE_BY_OTHERS = 0o022;
const READABLE_BY_OTHERS = 0o044;

/** The state of a file; undefined when there is none. Throws `TokenFileError` `UNREADABLE`. */
export function fileState(path: string): FileState | undefined {
  try {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return undefined;
    const { ino, size, mtimeMs, mode } = stat;
    // Also with the permissions: a file that was refused for them may be right now.
    return { mark: `${ino} ${size} ${mtimeMs} ${mode}`, mode: mode & 0o777 };
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

/** The tokens in a file, and what is odd about it. Throws `TokenFileError`. */
export function readTokenFile(
  path: string,
): { readonly tokens: TokenEntry[]; readonly warning: string | undefined } {
  const state = fileState(path);
  if (state !== undefined && (state.mode & WRITABLE_BY_OTHERS) !== 0) {
    throw new TokenFileError(
      "UNSAFE",
      `Cannot use the token file ${path}: others may write to it; make it yours with chmod 600`,
    );
  }
  const tokens = parseTokens(textOf(path), path);
  const warning = state !== undefined && (state.mode & READABLE_BY_OTHERS) !== 0
    ? `The token file ${path} can be read by others; it holds hashes only, but chmod 600 is better`
    : undefined;
  return { tokens, warning };
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

/**
 * Changes the tokens in a file, which need not exist: the new file takes the old one's place in one step, so
 * that a server never reads half of it. Throws `TokenFileError`.
 */
export function changeTokenFile(
  path: string,
  change: (tokens: readonly TokenEntry[]) => readonly TokenEntry[],
): void {
  const fresh = `${path}.new`;
  const descriptor = create(fresh, path);
  let done = false;
  try {
    const old = fileState(path) === undefined ? [] : readTokenFile(path).tokens;
    const tokens = change(old);
    writeFileSync(descriptor, `${JSON.stringify({ tokens }, null, 2)}\n`);
    chmodSync(fresh, 0o600);
    renameSync(fresh, path);
    done = true;
  } finally {
    closeSync(descriptor);
    if (!done) rmSync(fresh, { force: true });
  }
}

/** The file beside it serves as a lock, too: two commands at once would lose one's change. */
function create(fresh: string, path: string): number {
  try {
    return openSync(fresh, "wx", 0o600);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "EEXIST") {
      throw new TokenFileError(
        "BUSY",
        `Cannot change the token file ${path}: another command is changing it; if none is, remove ${fresh}`,
        { cause },
      );
    }
    const reason = (cause as Error).message;
    throw new TokenFileError("UNWRITABLE", `Cannot change the token file ${path}: ${reason}`, {
      cause,
    });
  }
}

function unreadable(path: string, cause: unknown): TokenFileError {
  const missing = (cause as NodeJS.ErrnoException).code === "ENOENT";
  const told = cause instanceof Error ? cause.message : String(cause);
  const reason = missing ? "there is no such file; cogd token add makes it" : told;
  return new TokenFileError("UNREADABLE", `Cannot read the token file ${path}: ${reason}`, {
    cause,
  });
}

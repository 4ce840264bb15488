import { chownSync, existsSync, mkdirSync } from "node:fs";
import { findUser } from "../runtime/mod.ts";
import { CliError, reasonOf } from "./cli_error.ts";

/**
 * Creates the data folder if there is none, readable by its owner only: jobs can hold secrets. When
 * the process will change to `user`, a new folder belongs to that user. Answers what went wrong: that
 * matters only to a queue that keeps files there.
 */
export function prepareDataDir(path: string, user: string | undefined): CliError | undefined {
  try {
    if (existsSync(path)) return undefined;
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const owner = user === undefined ? undefined : findUser(user);
    if (owner !== undefined) chownSync(path, owner.uid, owner.gid);
    return undefined;
  } catch (cause) {
    return new CliError("DATA_DIR", `Cannot create data folder "${path}": ${reasonOf(cause)}`, {
      cause,
    });
  }
}

import process from "node:process";
import { becomeUser, findUser } from "../runtime/mod.ts";
import { CliError } from "./cli_error.ts";

/**
 * Goes on as another user, with that user's primary group and no other (`--user`): before the pid
 * file, the log and the sockets are opened. Throws `CliError` `USER`, or `LibCError`.
 */
export function switchUser(name: string): void {
  if (process.getuid?.() !== 0 && process.geteuid?.() !== 0) {
    throw new CliError("USER", "Must be root to switch users.");
  }
  const user = findUser(name);
  if (user === undefined) throw new CliError("USER", `Could not find user : ${name}`);
  if (!becomeUser(user)) throw new CliError("USER", `Could not switch to user : ${name}`);
}

import process from "node:process";
import { DaemonChild, runInBackground } from "../daemon.ts";

/** Tells the child that it is one; see daemon.ts. */
const CHILD_MARK = "COGD_DAEMON_CHILD";

/** Starts the same command in the background and answers the exit code, once it has begun. */
export function startInBackground(
  words: readonly string[],
  stderr: (text: string) => void,
): Promise<number> {
  return runInBackground(["gearman", ...words], stderr);
}

/** This process's side of that; undefined when it was not started so. What it starts is not told. */
export function backgroundChild(
  environment: Readonly<Record<string, string>>,
): DaemonChild | undefined {
  const child = DaemonChild.from(environment);
  delete process.env[CHILD_MARK];
  return child;
}

import { chown } from "node:fs/promises";
import process from "node:process";
import { type ProgramResult, runProgram } from "../run_program.ts";

/** Database servers refuse to be root; Debian's packages have made users for them. */
export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** Makes files another user's. */
export async function giveTo(user: string, paths: readonly string[]): Promise<void> {
  const [uid, gid] = await Promise.all(["-u", "-g"].map(async (option) => {
    const found = await runProgram("id", [option, user]);
    requireSuccess(`id ${user}`, found);
    return Number(found.stdout);
  }));
  for (const path of paths) await chown(path, uid!, gid!);
}

/** Throws with all that the program printed when it failed. */
export function requireSuccess(what: string, { code, output }: ProgramResult): void {
  if (code !== 0) throw new Error(`Cannot run ${what}: exit code ${code}: ${output}`);
}

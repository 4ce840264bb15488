import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder that only one test uses. `await using` removes it at the end of the block. */
export interface TemporaryFolder {
  readonly path: string;
  /** Removes it with all it holds; a second call does nothing. */
  remove(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function temporaryFolder(): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), "cogd-test-"));
  const remove = () => rm(path, { recursive: true, force: true });
  return { path, remove, [Symbol.asyncDispose]: remove };
}

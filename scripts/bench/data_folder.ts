import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";

/** A new folder for one server's queue files; `await using` removes it at the end of the block. */
export interface DataFolder {
  readonly path: string;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function dataFolder(root: string): Promise<DataFolder> {
  const path = await mkdtemp(join(root, "cogd-bench-"));
  return {
    path,
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}

import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ProgramStartError } from "../runtime/mod.ts";

/** Workloads as files, in a folder that nobody else may read. */
export class WorkloadFiles {
  readonly folder: string;
  #next = 1;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(): Promise<WorkloadFiles> {
    const folder = await mkdtemp(join(tmpdir(), "cogd-work-"));
    await chmod(folder, 0o700);
    return new WorkloadFiles(folder);
  }

  /** Writes one; answers its path. Rejects with `ProgramStartError`: the job cannot begin. */
  async write(workload: Uint8Array): Promise<string> {
    const path = join(this.folder, String(this.#next++));
    try {
      await writeFile(path, workload, { mode: 0o600 });
      return path;
    } catch (cause) {
      await this.remove(path);
      const { message } = cause as Error;
      throw new ProgramStartError("FAILED", `Cannot write a workload: ${message}`, { cause });
    }
  }

  async remove(path: string): Promise<void> {
    await rm(path, { force: true });
  }

  /** Removes all of it. */
  async close(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT_ROOT } from "../support/mod.ts";

/** A file of the project; `path` is relative to its folder, with `/`. */
export interface ProjectFile {
  readonly path: string;
  readonly text: string;
}

/** Folders that hold nothing of the project's own. */
const FOREIGN = new Set([".git", ".tools", "dist", "coverage", "node_modules"]);
const TEXT = /\.(ts|json|md|sh|service|yml|html|css|sql|php|pl)$|(^|\/)(LICENSE|run)$/;

/** All text files of the project. */
export function projectFiles(folder = ""): ProjectFile[] {
  const entries = readdirSync(join(PROJECT_ROOT, folder), { withFileTypes: true });
  return entries.flatMap((entry) => {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return FOREIGN.has(entry.name) ? [] : projectFiles(path);
    if (!entry.isFile() || !TEXT.test(path) || path === "deno.lock") return [];
    return [{ path, text: readFileSync(join(PROJECT_ROOT, path), "utf8") }];
  });
}

export function isSource({ path }: ProjectFile): boolean {
  return path.endsWith(".ts");
}

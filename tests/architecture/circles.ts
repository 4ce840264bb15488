import { allImports } from "./imports.ts";
import type { ProjectFile } from "./project_files.ts";

/** Where nothing may import itself by way of others, not even for a type. */
const STRAIGHT = ["src/gateway/"];

/** The circles of imports there, each once, as `a imports b imports a`. */
export function circles(files: readonly ProjectFile[]): string[] {
  const imported = new Map<string, string[]>();
  for (const { from, target } of allImports(files)) {
    if (target === undefined || !STRAIGHT.some((folder) => from.startsWith(folder))) continue;
    const others = imported.get(from);
    if (others === undefined) imported.set(from, [target]);
    else others.push(target);
  }
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, way: readonly string[]): void => {
    const at = way.indexOf(path);
    if (at >= 0) found.push([...way.slice(at), path].join(" imports "));
    if (at >= 0 || done.has(path)) return;
    for (const target of imported.get(path) ?? []) visit(target, [...way, path]);
    done.add(path);
  };
  for (const path of imported.keys()) visit(path, []);
  return found;
}

import { posix } from "node:path";
import { codeOnly } from "./code_only.ts";
import { isSource, type ProjectFile } from "./project_files.ts";

/** One import (or re-export) of a module. */
export interface Import {
  readonly from: string;
  /** As written. */
  readonly specifier: string;
  /** For relative specifiers: the file, relative to the project's folder. */
  readonly target: string | undefined;
  /** It fetches types only. */
  readonly typeOnly: boolean;
}

/** All static and dynamic imports of a file. */
export function importsOf(file: ProjectFile): Import[] {
  const code = codeOnly(file.text);
  const found = [...file.text.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*)(["'])([^"']+)\1/g)];
  return found.filter((match) => /[a-z]/.test(code[match.index] ?? "")).map((match) => {
    const specifier = match[2]!;
    return {
      from: file.path,
      specifier,
      target: specifier.startsWith(".")
        ? posix.normalize(posix.join(posix.dirname(file.path), specifier))
        : undefined,
      typeOnly: match[0].startsWith("from") &&
        fetchesTypesOnly(statementBefore(code, match.index)),
    };
  });
}

/** What stands between the last `import` or `export` keyword and the `from`. */
function statementBefore(code: string, at: number): string {
  const before = code.slice(0, at);
  const start = Math.max(before.lastIndexOf("import "), before.lastIndexOf("export "));
  return start < 0 ? "" : before.slice(start);
}

function fetchesTypesOnly(statement: string): boolean {
  if (/^(import|export) type\b/.test(statement)) return true;
  const names = /\{([^}]*)\}/.exec(statement)?.[1]?.split(",").map((name) => name.trim())
    .filter((name) => name !== "");
  return names !== undefined && names.length > 0 && names.every((name) => name.startsWith("type "));
}

/** The imports of all TypeScript files. */
export function allImports(files: readonly ProjectFile[]): Import[] {
  return files.filter(isSource).flatMap(importsOf);
}

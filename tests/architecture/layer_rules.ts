import { posix } from "node:path";
import { allImports, type Import } from "./imports.ts";
import type { ProjectFile } from "./project_files.ts";

/**
 * What each part may import besides itself. Everything points one way: from the shell inwards to the
 * rules, and from the rules to the bytes.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  "src/protocol": [],
  "src/core": ["src/protocol"],
  "src/plugin_api": ["src/core"],
  "src/runtime": [],
  "src/server": ["src/protocol", "src/core", "src/plugin_api", "src/runtime"],
  "src/http": ["src/runtime"],
  "src/gateway": [
    "src/server",
    "src/core",
    "src/protocol",
    "src/plugin_api",
    "src/http",
    "src/runtime",
  ],
  "src/client": ["src/protocol", "src/runtime"],
  "src/work": ["src/client", "src/runtime"],
  "src/cli": [
    "src/server",
    "src/gateway",
    "src/http",
    "src/client",
    "src/work",
    "src/core",
    "src/plugin_api",
    "src/runtime",
  ],
};

/** The parts that neither wait nor touch the system, and what they may use of the runtime's library. */
const PURE = ["src/protocol", "src/core", "src/plugin_api"];
const PURE_LIBRARY = ["node:buffer", "node:crypto"];

/** `src/core`, `plugins/sqlite`, `tests`, `scripts`, or the file itself at the top. */
export function partOf(path: string): string {
  const [top, second] = path.split("/");
  return (top === "src" || top === "plugins") && second !== undefined ? `${top}/${second}` : top!;
}

/** Imports that point the wrong way. */
export function wrongDirection(files: readonly ProjectFile[]): string[] {
  return allImports(files).filter((entry) => !isAllowed(entry)).map(describe);
}

function isAllowed({ from, target, typeOnly }: Import): boolean {
  const part = partOf(from);
  if (target === undefined || part === partOf(target)) return true;
  if (target === "main.ts") return false;
  // The wiring: all of it, and what main.ts loads only for commands that need it.
  if (part === "main.ts" || part === "src/commands") return /^(src|plugins)\//.test(target);
  if (part === "tests") return true;
  if (part === "scripts") {
    return !target.startsWith("tests/") || /^tests\/support\/(databases\/)?mod\.ts$/.test(target);
  }
  if (part === "src/plugin_api" && !typeOnly) return false;
  if (part === "plugins/mod.ts" && target.startsWith("plugins/")) return true;
  const allowed = part.startsWith("plugins/") ? ["src/plugin_api"] : MAY_IMPORT[part];
  return allowed?.includes(partOf(target)) ?? false;
}

/** Imports that pass by another folder's door. Tests and benchmarks may look inside source folders. */
export function pastTheDoor(files: readonly ProjectFile[]): string[] {
  return allImports(files).filter(({ from, target }) => {
    if (target === undefined || posix.basename(target) === "mod.ts") return false;
    if (/^(tests|scripts)\//.test(from) && !target.startsWith("tests/")) return false;
    const folder = posix.dirname(target);
    const own = posix.dirname(from);
    return folder !== "." && own !== folder && !own.startsWith(`${folder}/`);
  }).map(describe);
}

/** Modules of the runtime's library that pure parts must not use. */
export function impure(files: readonly ProjectFile[]): string[] {
  return allImports(files).filter(({ from, specifier, target }) =>
    PURE.includes(partOf(from)) && target === undefined && !PURE_LIBRARY.includes(specifier)
  ).map(describe);
}

/** The npm package that a bare specifier names: `hono` for `hono/cors`, `@a/b` for `@a/b/c`. */
export function packageOf(specifier: string): string {
  return specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
}

/** Imports of packages that deno.json does not list, or that name a registry or an address. */
export function unlistedPackages(
  files: readonly ProjectFile[],
  listed: readonly string[],
): string[] {
  return allImports(files).filter(({ specifier, target }) =>
    target === undefined && !specifier.startsWith("node:") && !listed.includes(packageOf(specifier))
  ).map(describe);
}

/** Plugins that use more than one npm package. */
export function pluginsWithManyDrivers(files: readonly ProjectFile[]): string[] {
  const drivers = new Map<string, Set<string>>();
  for (const { from, specifier, target } of allImports(files)) {
    if (!from.startsWith("plugins/") || target !== undefined || specifier.startsWith("node:")) {
      continue;
    }
    const used = drivers.get(partOf(from)) ?? new Set();
    drivers.set(partOf(from), used.add(packageOf(specifier)));
  }
  return [...drivers].filter(([, used]) => used.size > 1)
    .map(([plugin, used]) => `${plugin} imports ${[...used].join(" and ")}`);
}

function describe({ from, specifier }: Import): string {
  return `${from} imports ${specifier}`;
}

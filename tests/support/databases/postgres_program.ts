import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** Debian keeps the programs of each version in a folder of its own, outside the search path. */
const DEBIAN_FOLDER = "/usr/lib/postgresql";

/** A program of the newest PostgreSQL here; its bare name where Debian's folder does not have it. */
export function postgresProgram(name: string): string {
  if (!existsSync(DEBIAN_FOLDER)) return name;
  const versions = readdirSync(DEBIAN_FOLDER).map(Number).filter((version) => version > 0);
  return versions.sort((a, b) => b - a)
    .map((version) => join(DEBIAN_FOLDER, `${version}`, "bin", name))
    .find((path) => existsSync(path)) ?? name;
}

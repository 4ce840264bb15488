import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT_ROOT } from "../../support/mod.ts";

const SECTION = "## On the wire";

/** Identifiers of the entries in the section of docs/differences.md that scripts show. */
export function listedDifferences(): string[] {
  const page = readFileSync(join(PROJECT_ROOT, "docs", "differences.md"), "utf8");
  const section = page.split(/^(?=## )/m).find((part) => part.startsWith(`${SECTION}\n`)) ?? "";
  return [...section.matchAll(/^\| `([a-z0-9-]+)` \|/gm)].map((match) => match[1]!);
}

import { readFile, writeFile } from "node:fs/promises";
import type { MachineFacts } from "./machine.ts";
import { effortTable, failureLines, type Results, resultTable } from "./report.ts";
import { markdownTable } from "./table.ts";

/** Places in the document for figures: between `<!-- NAME: begin -->` and `<!-- NAME: end -->`. */
export type Block = "figures" | "stores" | "http";

/** Everything that a run gives, as Markdown. */
export function reportText(results: Results, facts: MachineFacts, command: string): string {
  return [
    `Repeat with \`${command}\`.`,
    resultTable(results),
    effortTable(results),
    failureLines(results).join("\n"),
    markdownTable(["machine and versions", ""], facts),
  ].filter((part) => part !== "").join("\n\n");
}

/** Replaces what stands between the two markers of a Markdown file. */
export async function writeBetweenMarkers(
  path: string,
  text: string,
  block: Block = "figures",
): Promise<void> {
  const [beginMarker, endMarker] = [`<!-- ${block}: begin -->`, `<!-- ${block}: end -->`];
  const before = await readFile(path, "utf8");
  const begin = before.indexOf(beginMarker);
  const end = before.indexOf(endMarker);
  if (begin < 0 || end < begin) {
    throw new Error(
      `Cannot write figures into ${path}: it has no lines ${beginMarker} and ${endMarker}`,
    );
  }
  await writeFile(
    path,
    `${before.slice(0, begin + beginMarker.length)}\n\n${text}\n\n${before.slice(end)}`,
  );
}

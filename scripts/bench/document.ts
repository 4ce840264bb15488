import { readFile, writeFile } from "node:fs/promises";
import type { MachineFacts } from "./machine.ts";
import { effortTable, failureLines, type Results, resultTable } from "./report.ts";
import { markdownTable } from "./table.ts";

const BEGIN = "<!-- figures: begin -->";
const END = "<!-- figures: end -->";

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
export async function writeBetweenMarkers(path: string, text: string): Promise<void> {
  const before = await readFile(path, "utf8");
  const begin = before.indexOf(BEGIN);
  const end = before.indexOf(END);
  if (begin < 0 || end < begin) {
    throw new Error(`Cannot write figures into ${path}: it has no lines ${BEGIN} and ${END}`);
  }
  await writeFile(
    path,
    `${before.slice(0, begin + BEGIN.length)}\n\n${text}\n\n${before.slice(end)}`,
  );
}

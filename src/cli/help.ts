import type { OptionSpec } from "./option_spec.ts";

const HELP_COLUMN = 32;
const WIDTH = 80;

/** The text of `--help`: the options under their headings, 80 characters wide. */
export function helpText(specs: readonly OptionSpec[], head: string): string {
  const shown = specs.filter((spec) => spec.hidden !== true);
  const groups = [...new Set(shown.map((spec) => spec.group))];
  const parts = groups.map((group) => {
    const lines = shown.filter((spec) => spec.group === group).flatMap(optionLines);
    return `${group}:\n${lines.join("\n")}\n`;
  });
  return [head, ...parts].join("\n");
}

/** An option with its explanation, in as many lines as that takes. */
export function optionLines(spec: OptionSpec): string[] {
  const short = spec.short === undefined ? "    " : `-${spec.short}, `;
  const value = spec.kind === "switch" ? "" : ` ${spec.valueName ?? "VALUE"}`;
  const left = `  ${short}--${spec.name}${value}`;
  const fallback = spec.default === undefined ? "" : ` [${spec.default}]`;
  const right = wrap(`${spec.help}${fallback}`, WIDTH - HELP_COLUMN);
  const indent = " ".repeat(HELP_COLUMN);
  if (left.length > HELP_COLUMN - 2) return [left, ...right.map((line) => indent + line)];
  return right.map((line, at) => (at === 0 ? left.padEnd(HELP_COLUMN) : indent) + line);
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

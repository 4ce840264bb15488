import { firstWords } from "./bash.ts";
import type { CompletedCommand, CompletedOption } from "./commands.ts";

/** The script for fish. */
export function fishScript(commands: readonly CompletedCommand[]): string {
  const words = firstWords(commands);
  const lines = [
    "# Completion of cogd's commands for fish: cogd completion fish | source",
    ...words.map((word) => {
      const help = commands.find(({ name }) => name === word)!.help;
      return `complete -c cogd -n __fish_use_subcommand -a ${word} -d ${quoted(help)}`;
    }),
  ];
  for (const { name, options, words: own } of commands) {
    for (const [program, condition] of places(name, words)) {
      const when = condition === "" ? "" : ` -n ${quoted(condition)}`;
      for (const word of own) lines.push(`complete -c ${program}${when} -f -a ${word}`);
      for (const option of options) lines.push(`complete -c ${program}${when} ${flag(option)}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

/** Under which names a command can be given, and behind which words. */
function places(name: string, words: readonly string[]): [string, string][] {
  const [first, second] = name.split(" ");
  const seen = (word: string) => `__fish_seen_subcommand_from ${word}`;
  if (name === "serve") {
    const others = words.filter((word) => word !== "serve").join(" ");
    return [["cogd", `not ${seen(others)}`], ["gearmand", ""]];
  }
  const behind = second === undefined ? seen(first!) : `${seen(first!)}; and ${seen(second)}`;
  const isProgram = first === "gearman" || first === "gearadmin";
  if (!isProgram) return [["cogd", behind]];
  return [["cogd", behind], [first!, second === undefined ? "" : seen(second)]];
}

function flag({ word, help, takesValue, choices }: CompletedOption): string {
  const name = word.startsWith("--") ? `-l ${word.slice(2)}` : `-s ${word.slice(1)}`;
  const value = choices.length > 0
    ? ` -x -a ${quoted(choices.join(" "))}`
    : takesValue
    ? " -r"
    : "";
  return `${name}${value} -d ${quoted(help)}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

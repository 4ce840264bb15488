/** `cogd completion`: completion of all commands for shells, made from their tables of options. */
import type { StorePlugin } from "../../plugin_api/mod.ts";
import { bashScript } from "./bash.ts";
import { completedCommands, type Shell, SHELLS } from "./commands.ts";
import { fishScript } from "./fish.ts";

export interface CompletionParts {
  readonly plugins: readonly StorePlugin[];
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
}

const HELP = `Usage: cogd completion bash|zsh|fish

Prints completion for a shell, for cogd and for links to it that are called
gearmand, gearman and gearadmin.

  bash: eval "$(cogd completion bash)"     in ~/.bashrc
  zsh:  eval "$(cogd completion zsh)"      in ~/.zshrc, behind compinit
  fish: cogd completion fish > ~/.config/fish/completions/cogd.fish
`;

/** Answers the exit code. */
export function completion(
  words: readonly string[],
  { plugins, stdout, stderr }: CompletionParts,
): number {
  const [word] = words;
  if (word === "--help" || word === "-h") {
    stdout(HELP);
    return 0;
  }
  const shell = SHELLS.find((known) => known === word);
  if (shell === undefined || words.length !== 1) {
    stderr(`cogd: Cannot complete for "${words.join(" ")}": it is ${SHELLS.join(", ")}\n`);
    return 1;
  }
  stdout(script(shell, plugins));
  return 0;
}

function script(shell: Shell, plugins: readonly StorePlugin[]): string {
  const commands = completedCommands(plugins);
  switch (shell) {
    case "bash":
      return bashScript(commands);
    case "zsh":
      return `autoload -U +X bashcompinit && bashcompinit\n${bashScript(commands)}`;
    case "fish":
      return fishScript(commands);
  }
}

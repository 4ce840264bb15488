import type { CompletedCommand } from "./commands.ts";

/** The script for bash; zsh takes it, too, through its own `bashcompinit`. */
export function bashScript(commands: readonly CompletedCommand[]): string {
  const words = firstWords(commands).join(" ");
  const cases = commands.map(({ name, options, words: own }) => {
    const plain = options.filter(({ takesValue, choices }) => takesValue && choices.length === 0)
      .map(({ word }) => word);
    const chosen = options.filter(({ choices }) => choices.length > 0)
      .map(({ word, choices }) => `${word}) choices="${choices.join(" ")}" ;;`);
    return `    "${name}")
      words="${[...own, ...options.map(({ word }) => word)].join(" ")}"
      valued=" ${plain.join(" ")} "
      case $option in
        ${[...chosen, "*) ;;"].join("\n        ")}
      esac
      ;;`;
  });
  return `# Completion of cogd's commands for bash: eval "$(cogd completion bash)"
_cogd() {
  local command="\${COMP_WORDS[0]##*/}" at=1 words="" valued="" choices="" option="" before=""
  local cur="\${COMP_WORDS[COMP_CWORD]}"
  case $command in
    gearmand) command=serve ;;
    gearman | gearadmin) ;;
    *)
      command=serve
      if [ "$COMP_CWORD" -gt 1 ]; then
        case " ${words} " in
          *" \${COMP_WORDS[1]} "*) command="\${COMP_WORDS[1]}" at=2 ;;
        esac
      fi
      ;;
  esac
  if [ "$COMP_CWORD" -gt "$at" ]; then
    case "$command \${COMP_WORDS[at]}" in
      ${secondWords(commands).map((name) => `"${name}"`).join(" | ")})
        command="$command \${COMP_WORDS[at]}" at=$((at + 1)) ;;
    esac
  fi
  option="\${COMP_WORDS[COMP_CWORD-1]}"
  if [ "$cur" = "=" ]; then cur=""
  elif [ "$option" = "=" ]; then option="\${COMP_WORDS[COMP_CWORD-2]}"
  elif [[ $cur == --*=* ]]; then option="\${cur%%=*}" before="$option=" cur="\${cur#*=}"
  fi
  case $command in
${cases.join("\n")}
  esac
  if [ -n "$choices" ]; then words=$choices
  elif [[ $valued == *" $option "* ]]; then
    COMPREPLY=($(compgen -P "$before" -f -- "$cur"))
    return
  elif [ "$COMP_CWORD" -eq 1 ] && [ "$at" -eq 1 ] && [ "$command" = serve ]; then
    words="${words} $words"
  fi
  COMPREPLY=($(compgen -P "$before" -W "$words" -- "$cur"))
}
complete -o default -F _cogd cogd gearmand gearman gearadmin
`;
}

/** The commands that stand right behind `cogd`. */
export function firstWords(commands: readonly CompletedCommand[]): string[] {
  return commands.map(({ name }) => name).filter((name) => !name.includes(" "));
}

function secondWords(commands: readonly CompletedCommand[]): string[] {
  return commands.map(({ name }) => name).filter((name) => name.includes(" "));
}

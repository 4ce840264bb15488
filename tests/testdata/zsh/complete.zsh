# Types each argument behind the first one into an interactive zsh that has loaded the first, presses TAB and
# Enter, and prints the words that the command then got as <<WORDS>>.
zmodload zsh/zpty
zpty -b shell zsh -f -i
file=$1
shift
setup="PS1= RPS1=; autoload -Uz compinit; compinit -u -D; source ${(q)file}"
setup+='; for name in cogd gearman gearadmin gearmand; do'
setup+=' eval "$name() { print -r -- \"<\"\"<$name \$*>\"\">\" }"; done; print "<re""ady>"'
zpty -w shell $setup
zpty -r shell seen '*<ready>*' || exit 3
for line in "$@"; do
  zpty -w -n shell "$line"$'\t\n'
  zpty -r shell seen '*<<*>>*' || exit 4
  print -r -- "${(M)${(f)seen}:#*<<*>>*}"
done
zpty -d shell

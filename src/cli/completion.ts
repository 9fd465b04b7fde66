// Scripts that complete the command line. They ask runt itself, whose help is made of the tables that parse the command
// line, so that they fit each version; `runt list` knows the containers.

/**
 * Bash takes `--root=x` for three words. `takes` finds, as help has them, options with an argument: `-b, --bundle DIR`.
 * Where there are no words, bash completes a path.
 */
const BASH = `_runt() {
  local runt=\${COMP_WORDS[0]} cur=\${COMP_WORDS[COMP_CWORD]} cmd= option= root= words= word help takes i n=0
  help=$("$runt" help 2> /dev/null)
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    takes="[[:space:]]$word(, --[a-z0-9-]+)? [A-Z]"
    if [[ $word == '=' ]]; then continue
    elif [[ -n $option ]]; then
      [[ $option == --root ]] && root=$word
      option=
    elif [[ $word == -* ]]; then
      if [[ $help =~ $takes ]]; then option=$word; fi
    elif [[ -z $cmd ]]; then cmd=$word help=$("$runt" help "$word" 2> /dev/null)
    else n=$((n + 1)); fi
  done
  [[ $cur == '=' ]] && cur=
  if [[ -n $option ]]; then
    words=$(awk -v o="$option" '/^ +-/ { on = $0 ~ " " o "[ ,]" } on && sub(/.*\\[choices: /, "") { sub(/\\].*/, ""); gsub(/[",]/, ""); print }' <<< "$help")
  elif [[ $cur == -* ]]; then words=$(grep -oE -- '^ +(-[a-z], )?--[a-z0-9-]+' <<< "$help" | tr -d ,)
  elif [[ $cmd == completion ]]; then words='bash zsh fish'
  elif [[ -z $cmd || $cmd == help ]]; then words=$("$runt" help | awk '/^[A-Z]/ { on = /^Commands/ } on && /^  [a-z]/ { print $1 }')
  elif [[ $n == 0 && $help == *'<container-id>'* ]]; then words=$("$runt" \${root:+--root "$root"} list --quiet 2> /dev/null)
  elif [[ $n == 1 && $cmd == kill ]]; then words=$(compgen -A signal)
  fi
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _runt runt
`;

/** It has what bash calls completion as a part of its own. */
const ZSH = "#compdef runt\nautoload -U +X bashcompinit && bashcompinit\n";

/** It offers options with what help says of them, and completes paths where nothing else is offered. */
const FISH = `function __runt_words
  set -l words (commandline -opc)
  set -l cmd (string match -r '^[a-z]+$' -- $words[2..-1])[1]
  set -l help (runt help $cmd 2> /dev/null)
  set -l choices (string match -rg '\\\\[choices: (.*?)\\\\]' -- (string join ' ' $help | string match -r -- " $words[-1] .*?(?= --|\\$)"))
  if string match -q -- '-*' $words[-1]; and test -n "$choices"
    string match -ra '[a-z]+' -- $choices
    return
  end
  string match -rg '^ +(?:-[a-z], )?(--[a-z0-9-]+)' -- $help
  if test -z "$cmd"; or test "$cmd" = help
    runt help | string match -rg '^  ([a-z]+) +(.*)' | paste - -
  else if test "$cmd" = completion
    printf '%s\\n' bash zsh fish
  else if string match -q '*<container-id>*' -- $help[1]
    runt list --quiet 2> /dev/null
  end
end
complete -c runt -a '(__runt_words)'
`;

export const COMPLETION: ReadonlyMap<string, string> = new Map([
  ["bash", BASH],
  ["zsh", ZSH + BASH],
  ["fish", FISH],
]);

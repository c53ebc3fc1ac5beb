import { Argument, type Command } from "commander";

const SHELLS = ["bash", "zsh", "fish"] as const;
type Shell = (typeof SHELLS)[number];

/** A word that a shell offers. */
interface Offer {
  readonly name: string;
  readonly description: string;
}

/** A command as shells complete it. */
interface Completed {
  /** The words after the program, such as `token create`. Empty for the program itself. */
  readonly words: string;
  readonly description: string;
  /** The commands directly below this one. */
  readonly commands: readonly Offer[];
  /** The options by their long names, with hyphens. */
  readonly options: readonly (Offer & { readonly takesValue: boolean })[];
  /** The values of the first argument, if only these are allowed. */
  readonly choices: readonly string[];
}

/** Adds the command that prints the completion script of a shell. */
export function addCompletionCommand(program: Command): void {
  program
    .command("completion")
    .description("Print a script that lets a shell complete commands and options.")
    .addArgument(new Argument("<shell>", "name of the shell").choices(SHELLS))
    .addHelpText(
      "after",
      [
        "",
        "bash:  source <(boathook completion bash)                 # in ~/.bashrc",
        "zsh:   source <(boathook completion zsh)                  # in ~/.zshrc, after compinit",
        "fish:  boathook completion fish > ~/.config/fish/completions/boathook.fish",
      ].join("\n"),
    )
    .action((shell: Shell) => {
      process.stdout.write(SCRIPTS[shell](commandsOf(program, "")));
    });
}

/** Returns a command and all commands below it. */
function commandsOf(command: Command, words: string): Completed[] {
  const below = command.commands.filter((one) => !(one as Command & { readonly _hidden?: boolean })._hidden);
  const help = command.parent === null ? [{ name: "help", description: "print help for a command" }] : [];
  const own: Completed = {
    ...{ words, description: firstLine(command.description()) },
    commands: [...below.map((one) => ({ name: one.name(), description: firstLine(one.description()) })), ...help],
    options: [
      ...command.options
        .filter(({ hidden, long }) => !hidden && long != null)
        .map(({ long, description, required, optional }) => ({
          ...{ name: long!, description: firstLine(description), takesValue: required || optional },
        })),
      { name: "--help", description: "print help", takesValue: false },
    ],
    choices: command.registeredArguments[0]?.argChoices ?? [],
  };
  return [own, ...below.flatMap((one) => commandsOf(one, `${words} ${one.name()}`.trim()))];
}

function firstLine(text: string): string {
  return text.split("\n")[0]!;
}

const SCRIPTS: Readonly<Record<Shell, (commands: readonly Completed[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** Quotes a text for a POSIX shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/**
 * Returns the script for bash. It joins the words of the command line as long as they are a known
 * command, and skips all others, which are options and arguments.
 */
function bashScript(commands: readonly Completed[]): string {
  const cases = commands.map(
    ({ words, commands: below, options, choices }) =>
      `    ${quoted(words)}) words=${quoted([...below.map(({ name }) => name), ...choices].join(" "))} options=${quoted(options.map(({ name }) => name).join(" "))} ;;`,
  );
  const known = commands.map(({ words }) => quoted(words)).join("|");
  return `# Completes boathook in bash.
_boathook() {
  local current=\${COMP_WORDS[COMP_CWORD]} path= next word words= options=
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    next=\${path:+$path }$word
    case $next in ${known}) path=$next ;; esac
  done
  case $path in
${cases.join("\n")}
  esac
  COMPREPLY=()
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$current"))
  elif [[ -n $words ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  fi
}
complete -o default -F _boathook boathook
`;
}

/** Returns the script for zsh, which finds the command like the one for bash. */
function zshScript(commands: readonly Completed[]): string {
  const entry = (name: string, description: string) =>
    quoted(`${name.replaceAll(":", "\\:")}:${description.replaceAll(":", "\\:")}`);
  const cases = commands.map(({ words, commands: below, options, choices }) => {
    const named = below.map(({ name, description }) => entry(name, description));
    const values = choices.map((choice) => entry(choice, ""));
    const flags = options.map(({ name, description }) => entry(name, description));
    return `    ${quoted(words)}) words_here=(${[...named, ...values].join(" ")}) options=(${flags.join(" ")}) ;;`;
  });
  const known = commands.map(({ words }) => quoted(words)).join("|");
  return `#compdef boathook
# Completes boathook in zsh.
_boathook() {
  local place= next word
  local -a words_here options
  for word in "\${(@)words[2,CURRENT-1]}"; do
    next=\${place:+$place }$word
    case $next in ${known}) place=$next ;; esac
  done
  case $place in
${cases.join("\n")}
  esac
  if [[ $PREFIX == -* ]]; then
    _describe -o option options
  elif (( \${#words_here} )); then
    _describe command words_here
  else
    _files
  fi
}
compdef _boathook boathook
`;
}

/** Returns the script for fish: a rule for each command, choice and option. */
function fishScript(commands: readonly Completed[]): string {
  const lines = commands.flatMap(({ words, commands: below, options, choices }) => {
    const first = words.split(" ");
    const names = below.map(({ name }) => name).join(" ");
    const seen =
      words === ""
        ? "__fish_use_subcommand"
        : first.map((word) => `__fish_seen_subcommand_from ${word}`).join("; and ");
    const condition = words !== "" && names !== "" ? `${seen}; and not __fish_seen_subcommand_from ${names}` : seen;
    const ofCommands = below.map(
      ({ name, description }) =>
        `complete -c boathook -n ${fishQuoted(condition)} -f -a ${name} -d ${fishQuoted(description)}`,
    );
    const ofChoices = choices.map((choice) => `complete -c boathook -n ${fishQuoted(seen)} -f -a ${choice}`);
    const ofOptions = options.map(
      ({ name, description, takesValue }) =>
        `complete -c boathook -n ${fishQuoted(seen)} -l ${name.slice(2)}${takesValue ? " -r" : ""} -d ${fishQuoted(description)}`,
    );
    return [...ofCommands, ...ofChoices, ...ofOptions];
  });
  return `# Completes boathook in fish.\n${lines.join("\n")}\n`;
}

/** Quotes a text for fish, in which only backslashes and the quote itself are escaped within quotes. */
function fishQuoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

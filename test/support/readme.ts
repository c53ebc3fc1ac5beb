import { dirname, join } from "node:path";
import { EXECUTABLE, ROOT } from "./binary.ts";

export interface Example {
  readonly command: string;
  readonly output: string;
}

export function readReadme(): Promise<string> {
  return Bun.file(join(ROOT, "README.md")).text();
}

/**
 * Returns the commands (`$ …`) in the console blocks between two markers of the README, each with
 * the output below it. A command goes on in the next line if its line ends with a backslash.
 */
export function examples(readme: string, mark: string): Example[] {
  const part = readme.split(`<!-- ${mark} -->`)[1]?.split(`<!-- /${mark} -->`)[0];
  if (part === undefined) throw new Error(`the README lacks the marks of "${mark}"`);
  return examplesIn(part);
}

/** Returns the commands in the console blocks of a text, like `examples`. */
export function examplesIn(text: string): Example[] {
  const found: Array<{ command: string; output: string }> = [];
  for (const [, block] of text.matchAll(/```console\n([\s\S]*?)```/g)) {
    for (const line of block!.trimEnd().split("\n")) {
      const last = found.at(-1);
      if (line.startsWith("$ ")) found.push({ command: line.slice(2), output: "" });
      else if (last!.command.endsWith("\\")) last!.command += `\n${line}`;
      else last!.output += `${line}\n`;
    }
  }
  return found.map(({ command, output }) => ({ command, output: output.trimEnd() }));
}

/** Returns the fenced code between two markers of the README. */
export function codeBlock(readme: string, mark: string): string {
  const code = /```\w+\n([\s\S]*?)```/.exec(readme.split(`<!-- ${mark} -->`)[1] ?? "")?.[1];
  if (code === undefined) throw new Error(`the README lacks the code of "${mark}"`);
  return code;
}

/** Masks ids, tokens, secrets, times and ports, which differ between runs. */
export function masked(text: string): string {
  return text
    .replace(/\b(app|ep|msg|src|qtask)_[0-9A-Za-z]{27}\b/g, "$1_ID")
    .replace(/\/in\/[\w-]{32}/g, "/in/TOKEN")
    .replace(/whsec_[\w+/]{32}/g, "whsec_KEY")
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "INSTANT")
    .replace(/(127\.0\.0\.1|localhost):\d+/g, "HOST");
}

/** Runs a command of the README in a shell, with the executable in the search path, and returns what it prints. */
export async function runExample(command: string, env: Readonly<Record<string, string>>): Promise<string> {
  const path = `${dirname(EXECUTABLE)}:${process.env.PATH}`;
  const options = { cwd: ROOT, env: { ...process.env, PATH: path, ...env }, stdout: "pipe" } as const;
  const shell = Bun.spawn(["bash", "-c", command], options);
  return (await new Response(shell.stdout).text()).trimEnd();
}

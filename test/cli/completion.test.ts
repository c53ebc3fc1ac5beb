import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { fromSources, run } from "../support/binary.ts";

// Each command is a separate process, which takes seconds on a busy machine.
setDefaultTimeout(60_000);

const scriptOf = async (shell: string): Promise<string> => {
  const { code, stdout, stderr } = await run(fromSources, ["completion", shell]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
};

/** Returns what bash offers for the last of these words. */
async function bashOffers(...words: readonly string[]): Promise<string[]> {
  const program = `${await scriptOf("bash")}
COMP_WORDS=(boathook "$@"); COMP_CWORD=$#; _boathook; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const child = Bun.spawn(["bash", "-c", program, "bash", ...words], { stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  expect({ code: await child.exited, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout.split("\n").filter((line) => line !== "");
}

describe("boathook completion bash", () => {
  test("bash completes commands and subcommands", async () => {
    expect(await bashOffers("li")).toEqual(["listen"]);
    expect(await bashOffers("token", "")).toEqual(["create", "list", "revoke", "root"]);
  });

  test("bash completes the options of the command, and not those of others", async () => {
    expect(await bashOffers("listen", "--forward")).toEqual(["--forward-to"]);
    expect(await bashOffers("token", "create", "--e")).toEqual(["--environment", "--expires"]);
    expect(await bashOffers("relay", "--ta")).toEqual(["--table"]);
    expect(await bashOffers("login", "--forward")).toEqual([]);
  });

  test("bash completes allowed values of an argument, and otherwise its own files", async () => {
    expect(await bashOffers("completion", "")).toEqual(["bash", "zsh", "fish"]);
    expect(await bashOffers("backup", "")).toEqual([]);
  });

  test("bash does not offer hidden options, such as those of secrets", async () => {
    expect(await bashOffers("serve", "--root")).toEqual([]);
  });
});

for (const shell of ["zsh", "fish"]) {
  test(`the completion script for ${shell} is valid and contains every command`, async () => {
    const script = await scriptOf(shell);
    for (const word of ["listen", "forward-to", "revoke", "completion"]) expect(script).toContain(word);
    const found = Bun.which(shell);
    if (found === null) return console.log(`${shell} is not installed, so it does not read the script.`);
    const child = Bun.spawn([found, "-n", "/dev/stdin"], { stdin: new TextEncoder().encode(script), stderr: "pipe" });
    expect({ code: await child.exited, stderr: await new Response(child.stderr).text() }).toEqual({
      ...{ code: 0, stderr: "" },
    });
  });
}

test("completion for an unknown shell is wrong usage", async () => {
  const { code, stdout, stderr } = await run(fromSources, ["completion", "tcsh"]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain("bash, zsh, fish");
});

import { expect, test } from "bun:test";
import { join } from "node:path";
import { executable, ROOT, startBoathook } from "../support/binary.ts";
import { temporaryDirectory } from "../support/temporary.ts";

interface Example {
  readonly command: string;
  readonly output: string;
}

/** The commands (`$ …`) of the part of the README between two marks, each with the output printed below it. */
function examples(readme: string, mark: string): Example[] {
  const part = readme.split(`<!-- ${mark} -->`)[1]?.split(`<!-- /${mark} -->`)[0];
  if (part === undefined) throw new Error(`the README lacks the marks of "${mark}"`);
  const lines = part.split("\n").filter((line) => line !== "" && !line.startsWith("```"));
  const found: Array<{ command: string; output: string }> = [];
  for (const line of lines) {
    if (line.startsWith("$ ")) found.push({ command: line.slice(2), output: "" });
    else found[found.length - 1]!.output += line;
  }
  return found;
}

/** Ids, instants and ports differ from run to run; everything else must not. */
function masked(text: string): string {
  return text
    .replace(/\b(app|ep|msg)_[0-9A-Za-z]{27}\b/g, "$1_ID")
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "INSTANT")
    .replace(/127\.0\.0\.1:\d+/g, "HOST");
}

test("the first webhook of the README gives the output that stands there, and arrives", async () => {
  using directory = temporaryDirectory();
  const token = "token-of-the-readme";
  const server = await startBoathook(executable(), join(directory.path, "data"), [], {
    env: { BOATHOOK_ROOT_TOKEN: token },
  });
  try {
    const readme = await Bun.file(join(ROOT, "README.md")).text();
    const steps = examples(readme, "first webhook");
    expect(steps).toHaveLength(3);
    for (const { command, output } of steps) {
      const shell = Bun.spawn(["bash", "-c", command], {
        env: { ...process.env, BOATHOOK: server.url, TOKEN: token },
        stdout: "pipe",
      });
      expect(masked(await new Response(shell.stdout).text())).toBe(masked(output));
    }
    const arrival = await server.logged((line) => line.inbox === "first-steps");
    expect(arrival.bytes).toBe('{"amount": 12.00}'.length);
  } finally {
    await server.stop();
  }
});

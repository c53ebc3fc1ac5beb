import { expect, test } from "bun:test";
import { dirname } from "node:path";
import { EXECUTABLE, executable, programEnvironment, startBoathook } from "../support/binary.ts";
import { examples, masked, readReadme } from "../support/readme.ts";
import { temporaryDirectory } from "../support/temporary.ts";

/** Masks sizes and schema versions, which change with every release. */
const withoutNumbers = (text: string) =>
  masked(text)
    .replace(/\d+ bytes/, "N bytes")
    .replace(/schema \d+/, "schema N");

test("the README's commands for a backup of a running server and its restore print the output shown there", async () => {
  using directory = temporaryDirectory();
  const server = await startBoathook(executable(), directory.file("data"));
  try {
    const steps = examples(await readReadme(), "backup");
    expect(steps).toHaveLength(3);
    const env = await programEnvironment();
    for (const { command, output } of steps) {
      const shell = Bun.spawn(["sh", "-c", command], {
        cwd: directory.path,
        env: { ...env, PATH: `${dirname(EXECUTABLE)}:${env.PATH}` },
        stdio: ["ignore", "pipe", "ignore"],
      });
      const printed = await new Response(shell.stdout).text();
      expect(await shell.exited).toBe(0);
      expect(withoutNumbers(printed.trimEnd())).toBe(withoutNumbers(output));
    }
  } finally {
    await server.stop();
  }
  const restored = await startBoathook(executable(), directory.file("restored"));
  expect(await (await fetch(`${restored.url}/api/v1/health`)).json()).toMatchObject({ delivery: "held" });
  expect(await restored.stop()).toBe(0);
}, 60_000);

import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { executable, programEnvironment, ROOT, startBoathook } from "../support/binary.ts";
import { examplesIn } from "../support/readme.ts";
import { temporaryDirectory } from "../support/temporary.ts";

setDefaultTimeout(60_000);

test.skipIf(Bun.which("curl") === null)("the commands of the guide's page about filters work", async () => {
  using directory = temporaryDirectory();
  const server = await startBoathook(executable(), directory.file("data"));
  try {
    const page = await Bun.file(join(ROOT, "web/guide/pages/filters.md")).text();
    const answers: unknown[] = [];
    for (const { command } of examplesIn(page)) {
      const child = Bun.spawn(["sh", "-c", command.replace("http://127.0.0.1:8071", server.url)], {
        cwd: directory.path,
        env: await programEnvironment({ PATH: process.env.PATH! }),
        stdio: ["ignore", "pipe", "ignore"],
      });
      answers.push(await new Response(child.stdout).json());
    }
    expect(answers).toMatchObject([
      { uid: "large", filter: { payload: { amount: { $gt: 10 } } } },
      { matches: false, because: "payload.amount: 5 is not > 10" },
    ]);
  } finally {
    expect(await server.stop()).toBe(0);
  }
});

import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { executable, programEnvironment, ROOT, startBoathook } from "../support/binary.ts";
import { examplesIn } from "../support/readme.ts";
import { temporaryDirectory } from "../support/temporary.ts";

setDefaultTimeout(60_000);

const CREATE =
  'curl -sX PUT http://127.0.0.1:8071/api/v1/app/demo/endpoint/billing -H "Authorization: Bearer $(cat data/root-token)" -d \'{"url": "https://example.com/hooks"}\'';

test.skipIf(Bun.which("curl") === null)("the commands of the guide's page about transformations work", async () => {
  using directory = temporaryDirectory();
  const server = await startBoathook(executable(), directory.file("data"));
  try {
    const page = await Bun.file(join(ROOT, "web/guide/pages/transformations.md")).text();
    const answers: string[] = [];
    for (const command of [CREATE, ...examplesIn(page).map((example) => example.command)]) {
      const child = Bun.spawn(["sh", "-c", command.replace("http://127.0.0.1:8071", server.url)], {
        cwd: directory.path,
        env: await programEnvironment({ PATH: process.env.PATH! }),
        stdio: ["ignore", "pipe", "ignore"],
      });
      answers.push(await new Response(child.stdout).text());
    }
    expect(page).toContain(answers[1]!);
    expect(answers[2]).toBe("204");
  } finally {
    expect(await server.stop()).toBe(0);
  }
});

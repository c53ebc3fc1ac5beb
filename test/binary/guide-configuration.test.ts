import { expect, setDefaultTimeout, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { guideBlocks, guideText } from "../support/guide.ts";
import { guidePlace } from "../support/guide-place.ts";
import { examplesIn } from "../support/readme.ts";

setDefaultTimeout(60_000);

const VARIABLES =
  "export BOATHOOK_SERVER=http://127.0.0.1:8071 BOATHOOK_TOKEN=$(cat data/root-token) ACME_TOKEN=a STRIPE_SECRET=whsec_b";

test("the commands of the guide's page about configuration as code work", async () => {
  await using at = await guidePlace();
  const [file] = await guideBlocks("configuration", "yaml");
  await writeFile(join(at.path, "boathook.yaml"), file!);
  const examples = examplesIn(await guideText("configuration"));
  expect(examples.length).toBeGreaterThan(5);
  for (const { command, output } of examples) {
    const { code, stdout } = await at.shell(`${VARIABLES}; ${command}`);
    expect({ command, code, stdout }).toEqual({ command, code: 0, stdout: output });
  }
  expect(await at.stop()).toBe(0);
});

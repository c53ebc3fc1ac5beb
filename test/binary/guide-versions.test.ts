import { expect, setDefaultTimeout, test } from "bun:test";
import { guideText } from "../support/guide.ts";
import { guidePlace } from "../support/guide-place.ts";
import { examplesIn } from "../support/readme.ts";

setDefaultTimeout(60_000);

test.skipIf(Bun.which("curl") === null)("the commands of the guide's page about payload versions work", async () => {
  await using at = await guidePlace();
  const page = await guideText("versions");
  const examples = examplesIn(page);
  expect(examples.length).toBe(7);
  for (const { command, output } of examples) {
    expect([command, (await at.shell(command)).stdout.trim()]).toEqual([command, output.trim()]);
  }
  expect(await at.stop()).toBe(0);
});

import { expect, setDefaultTimeout, test } from "bun:test";
import { guideText } from "../support/guide.ts";
import { guidePlace } from "../support/guide-place.ts";
import { examplesIn } from "../support/readme.ts";

setDefaultTimeout(60_000);

const CREATE =
  'curl -sX PUT http://127.0.0.1:8071/api/v1/app/demo/endpoint/billing -H "Authorization: Bearer $(cat data/root-token)" -d \'{"url": "https://example.com/hooks"}\'';

test.skipIf(Bun.which("curl") === null)("the commands of the guide's page about payload versions work", async () => {
  await using at = await guidePlace();
  const page = await guideText("versions");
  await at.shell(CREATE);
  const examples = examplesIn(page);
  expect(examples.length).toBe(6);
  for (const { command, output } of examples) {
    expect([command, (await at.shell(command)).stdout.trim()]).toEqual([command, output.trim()]);
  }
  expect(await at.stop()).toBe(0);
});

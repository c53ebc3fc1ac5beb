import { expect, setDefaultTimeout, test } from "bun:test";
import { guideText } from "../support/guide.ts";
import { guidePlace } from "../support/guide-place.ts";
import { examplesIn } from "../support/readme.ts";

setDefaultTimeout(60_000);

test.skipIf(Bun.which("curl") === null)("the commands of the guide's page about filters work", async () => {
  await using at = await guidePlace();
  const answers: unknown[] = [];
  for (const { command } of examplesIn(await guideText("filters"))) {
    answers.push(JSON.parse((await at.shell(command)).stdout));
  }
  expect(answers).toMatchObject([
    { uid: "large", filter: { payload: { amount: { $gt: 10 } } } },
    { matches: false, because: "payload.amount: 5 is not > 10" },
  ]);
  expect(await at.stop()).toBe(0);
});

import { expect, setDefaultTimeout, test } from "bun:test";
import { guideText } from "../support/guide.ts";
import { guidePlace } from "../support/guide-place.ts";
import { examplesIn } from "../support/readme.ts";

setDefaultTimeout(60_000);

test.skipIf(Bun.which("curl") === null)("the commands of the guide's page about transformations work", async () => {
  await using at = await guidePlace();
  const page = await guideText("transformations");
  const answers: string[] = [];
  for (const { command } of examplesIn(page)) {
    answers.push((await at.shell(command)).stdout);
  }
  expect(answers[0]).toBe("201");
  expect(answers[1]).not.toBe("");
  expect(page).toContain(answers[1]!);
  expect(answers[2]).toBe("204");
  expect(await at.stop()).toBe(0);
});

import { expect, setDefaultTimeout, test } from "bun:test";
import { guideText } from "../support/guide.ts";
import { guidePlace } from "../support/guide-place.ts";
import { examplesIn } from "../support/readme.ts";

setDefaultTimeout(60_000);

const PREPARE =
  'curl -s -X POST http://127.0.0.1:8071/api/v1/app -H "Authorization: Bearer $(cat data/root-token)" -d \'{"uid": "demo", "name": "Demo"}\'';
const ATTEMPTS =
  'curl -s http://127.0.0.1:8071/api/v1/app/demo/attempt/endpoint/greeter -H "Authorization: Bearer $(cat data/root-token)"';
const WAIT_MS_MAX = 30_000;

test.skipIf(Bun.which("curl") === null)("the commands of the guide's page about functions work", async () => {
  await using at = await guidePlace();
  await at.shell(PREPARE);
  const page = await guideText("functions");
  const answers: string[] = [];
  for (const { command } of examplesIn(page)) answers.push((await at.shell(command)).stdout);
  expect(answers.slice(0, 2)).toEqual(["201", "202"]);
  expect(answers[2]).not.toBe("");
  expect(page).toContain(answers[2]!);
  const until = performance.now() + WAIT_MS_MAX;
  let attempts = "";
  while (!attempts.includes("Hello Ada")) {
    if (performance.now() > until) throw new Error(`The function did not run. The attempts are: ${attempts}`);
    await Bun.sleep(10);
    attempts = (await at.shell(ATTEMPTS)).stdout;
  }
  expect(await at.stop()).toBe(0);
});

import { expect, setDefaultTimeout, test } from "bun:test";
import { guideText } from "../support/guide.ts";
import { guidePlace } from "../support/guide-place.ts";
import { examplesIn } from "../support/readme.ts";

setDefaultTimeout(60_000);

const PREPARE =
  'curl -s -X POST http://127.0.0.1:8071/api/v1/app -H "Authorization: Bearer $(cat data/root-token)" -d \'{"uid": "demo", "name": "Demo"}\'';
const WAIT_MS_MAX = 30_000;

test.skipIf(Bun.which("curl") === null)("the commands of the guide's page about functions work", async () => {
  await using at = await guidePlace();
  await at.shell(PREPARE);
  const page = await guideText("functions");
  const run = async (command: string | undefined) => (await at.shell(command!)).stdout;
  const [create, sendOne, read, change] = examplesIn(page).map(({ command }) => command);
  expect([await run(create), await run(sendOne)]).toEqual(["201", "202"]);
  const refused = await run(change);
  expect(refused).not.toBe("");
  expect(page).toContain(refused);
  const until = performance.now() + WAIT_MS_MAX;
  let attempts = "";
  while (!attempts.includes("Hello Ada")) {
    if (performance.now() > until) throw new Error(`The function did not run. The attempts are: ${attempts}`);
    await Bun.sleep(10);
    attempts = await run(read);
  }
  expect(await at.stop()).toBe(0);
});

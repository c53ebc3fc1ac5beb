import { expect, setDefaultTimeout, test } from "bun:test";
import { guideText } from "../support/guide.ts";
import { guidePlace } from "../support/guide-place.ts";
import { examplesIn } from "../support/readme.ts";

setDefaultTimeout(60_000);

test.skipIf(Bun.which("curl") === null)("the commands of the guide's page about batches send one batch", async () => {
  await using at = await guidePlace();
  const run = async (command: string) => JSON.parse((await at.shell(command)).stdout);
  const commands = examplesIn(await guideText("batches")).map(({ command }) => command);
  const [create, first, second, ...reads] = commands;
  expect(await run(create!)).toMatchObject({ uid: "bulk", batch: { maxMessages: 2, maxWaitMs: 60_000 } });
  const ids = [(await run(first!)).id, (await run(second!)).id];
  let requests: { readonly body: string }[] = [];
  while (requests.length < 1) requests = (await run(reads[0]!)).data;
  expect(requests).toHaveLength(1);
  expect(JSON.parse(requests[0]!.body)).toMatchObject(ids.map((id) => ({ id })));
  let attempts: { readonly msgId: string; readonly batchId: string }[] = [];
  while (attempts.length < 2) attempts = (await run(reads[1]!)).data;
  expect(attempts.map(({ msgId }) => msgId).toReversed()).toEqual(ids);
  expect(attempts[0]!.batchId).toMatch(/^batch_/);
  expect(attempts[1]!.batchId).toBe(attempts[0]!.batchId);
  expect(await at.stop()).toBe(0);
});

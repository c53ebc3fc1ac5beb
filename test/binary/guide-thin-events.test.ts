import { expect, setDefaultTimeout, test } from "bun:test";
import { guideText } from "../support/guide.ts";
import { guidePlace } from "../support/guide-place.ts";
import { examplesIn } from "../support/readme.ts";

setDefaultTimeout(60_000);

test.skipIf(Bun.which("curl") === null)("the commands of the guide's page about thin events deliver one", async () => {
  await using at = await guidePlace();
  const run = async (command: string) => JSON.parse((await at.shell(command)).stdout);
  const commands = examplesIn(await guideText("thin-events")).map(({ command }) => command);
  expect(commands).toHaveLength(3);
  const [create, sendOne, read] = commands;
  expect(await run(create!)).toMatchObject({ uid: "thin", payloadMode: "reference" });
  const { id } = await run(sendOne!);
  let requests: { readonly body: string }[] = [];
  while (requests.length < 1) requests = (await run(read!)).data;
  const event = JSON.parse(requests[0]!.body);
  expect(event).toMatchObject({ id, eventType: "invoice.paid" });
  const statuses: string[] = [];
  for (let i = 0; i < 2; i++) statuses.push((await at.shell(`curl -s -w ' %{http_code}' ${event.url}`)).stdout);
  expect(statuses[0]).toBe('{"invoice": 1} 200');
  expect(statuses[1]).toEndWith(" 410");
  expect(await at.stop()).toBe(0);
});

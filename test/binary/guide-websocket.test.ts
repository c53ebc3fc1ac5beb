import { expect, setDefaultTimeout, test } from "bun:test";
import { guideBlocks, guideText } from "../support/guide.ts";
import { guidePlace } from "../support/guide-place.ts";
import { examplesIn } from "../support/readme.ts";

setDefaultTimeout(60_000);

test.skipIf(Bun.which("curl") === null)("the consumer of the guide gets a message over WebSocket", async () => {
  await using at = await guidePlace();
  const create = examplesIn(await guideText("transports")).find(({ command }) => command.includes('"websocket:"'));
  expect(JSON.parse((await at.shell(create!.command)).stdout)).toMatchObject({ uid: "worker", url: "websocket:" });
  await at.shell(
    `curl -sX POST http://127.0.0.1:8071/api/v1/app/demo/msg -H "Authorization: Bearer $(cat data/root-token)" -H 'Content-Type: application/json' -d '{"eventType": "invoice.paid", "payload": {"n": 1}}'`,
  );
  const [consumer] = await guideBlocks("transports", "javascript");
  await Bun.write(`${at.path}/consumer.mjs`, consumer!);
  const server = (await at.shell("echo http://127.0.0.1:8071")).stdout.replace("http", "ws");
  const command = `env SERVER=${server} TOKEN=$(cat data/root-token) ${process.execPath} consumer.mjs`;
  expect(await at.firstLines(command, 1)).toBe('invoice.paid {"n": 1}');
});

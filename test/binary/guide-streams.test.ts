import { expect, setDefaultTimeout, test } from "bun:test";
import { guideBlocks, guideText } from "../support/guide.ts";
import { guidePlace } from "../support/guide-place.ts";
import { examplesIn } from "../support/readme.ts";

setDefaultTimeout(60_000);

/** The variables that the programs of the guide read. */
const ACCESS = "SERVER=http://127.0.0.1:8071 TOKEN=$(cat data/root-token)";

/** Sends a message to the application that the first start creates. Returns its id. */
async function sendOne(at: Awaited<ReturnType<typeof guidePlace>>, eventType: string): Promise<string> {
  const { stdout } = await at.shell(
    `curl -sX POST http://127.0.0.1:8071/api/v1/app/demo/msg -H "Authorization: Bearer $(cat data/root-token)" -H 'Content-Type: application/json' -d '{"eventType": "${eventType}", "payload": {"a": 1}}'`,
  );
  return JSON.parse(stdout).id;
}

test.skipIf(Bun.which("curl") === null)("the stream of the guide's page about streams has new messages", async () => {
  await using at = await guidePlace();
  const [stream] = examplesIn(await guideText("streams"));
  const text = at.shell(`${stream!.command.replace("--max-time 2", "--max-time 20")} | head -n 5`);
  // The stream begins some time after the command does, so messages are sent until it has ended.
  let isOver = false;
  const over = text.then(() => {
    isOver = true;
  });
  while (!isOver) await sendOne(at, "invoice.paid");
  await over;
  expect((await text).stdout).toMatch(/^: connected\n\nid: msg_\w+\nevent: message\ndata: \{"id":"msg_/);
});

test.skipIf(Bun.which("curl") === null)(
  "the program of the guide's page about streams prints event types",
  async () => {
    await using at = await guidePlace();
    const [program] = await guideBlocks("streams", "javascript");
    await Bun.write(`${at.path}/follow.mjs`, program!);
    const first = await sendOne(at, "first");
    const run = at.firstLines(`env ${ACCESS} ${process.execPath} follow.mjs ${first}`, 2);
    await sendOne(at, "invoice.paid");
    await sendOne(at, "invoice.sent");
    expect(await run).toBe("invoice.paid\ninvoice.sent");
  },
);

test.skipIf(Bun.which("curl") === null)("the worker of the guide's page about streams prints event types", async () => {
  await using at = await guidePlace();
  const [, lease] = examplesIn(await guideText("streams"));
  expect(JSON.parse((await at.shell(lease!.command)).stdout)).toEqual({ data: [] });
  await sendOne(at, "invoice.paid");
  await sendOne(at, "invoice.sent");
  const [, program] = await guideBlocks("streams", "javascript");
  await Bun.write(`${at.path}/work.mjs`, program!);
  const printed = await at.firstLines(`env ${ACCESS} ${process.execPath} work.mjs`, 2);
  expect(printed).toBe("invoice.paid\ninvoice.sent");
});

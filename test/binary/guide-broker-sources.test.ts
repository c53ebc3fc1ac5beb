import { expect, setDefaultTimeout, test } from "bun:test";
import { ElasticMq, hasElasticMq } from "../support/brokers/elasticmq.ts";
import { guideText, replaced } from "../support/guide.ts";
import { type GuidePlace, guidePlace } from "../support/guide-place.ts";
import { examplesIn } from "../support/readme.ts";
import { soon } from "../support/soon.ts";

setDefaultTimeout(120_000);

const needsCurl = Bun.which("curl") === null;

/** Returns the commands in the section of a broker, which use the port of a running one. */
async function commandsOf(heading: string, port: readonly [inGuide: string, real: number]): Promise<string[]> {
  const [, rest = ""] = (await guideText("broker-sources")).split(`\n## ${heading}\n`);
  const section = replaced(rest.split("\n## ")[0]!, [port[0], String(port[1])]);
  return examplesIn(section).map(({ command }) => command);
}

/** Runs the commands that create a source and read it, and waits until the source is connected. */
async function connects(at: GuidePlace, [create, read]: readonly string[]): Promise<void> {
  const created = JSON.parse((await at.shell(create!)).stdout);
  expect(created).toMatchObject({ ingestUrl: null, disabled: false });
  const source = await soon(
    async () => JSON.parse((await at.shell(read!)).stdout),
    ({ connection }) => connection?.state === "connected",
  );
  expect(JSON.stringify(source)).not.toContain("secret@");
}

test.skipIf(needsCurl || !hasElasticMq)("the source of the guide is connected to its queue of SQS", async () => {
  await using broker = await ElasticMq.start();
  await broker.queue("invoices");
  await using at = await guidePlace("--allow-subnets=127.0.0.0/8");
  await connects(at, await commandsOf("SQS", ["9324", broker.port]));
});

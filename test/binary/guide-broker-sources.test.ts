import { expect, setDefaultTimeout, test } from "bun:test";
import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../support/binary.ts";
import { ElasticMq, hasElasticMq } from "../support/brokers/elasticmq.ts";
import { hasKafka, startKafka } from "../support/brokers/kafka.ts";
import { natsServer, startNats } from "../support/brokers/nats.ts";
import { hasRabbitMq, startRabbitMq } from "../support/brokers/rabbitmq.ts";
import { guideText, replaced } from "../support/guide.ts";
import { type GuidePlace, guidePlace } from "../support/guide-place.ts";
import { examplesIn } from "../support/readme.ts";
import { soon } from "../support/soon.ts";
import { temporaryDirectory } from "../support/temporary.ts";

setDefaultTimeout(120_000);

const needsCurl = Bun.which("curl") === null;

type Port = readonly [inGuide: string, real: number];

/** Returns the section of a broker, with the port of a running one. */
async function sectionOf(heading: string, port: Port): Promise<string> {
  const [, rest = ""] = (await guideText("broker-sources")).split(`\n## ${heading}\n`);
  return replaced(rest.split("\n## ")[0]!, [port[0], String(port[1])]);
}

async function commandsOf(heading: string, port: Port): Promise<string[]> {
  return examplesIn(await sectionOf(heading, port)).map(({ command }) => command);
}

/** Runs the program in a section, which puts a message into the queue. */
async function runProgram(heading: string, port: Port): Promise<void> {
  using directory = temporaryDirectory();
  symlinkSync(join(ROOT, "node_modules"), directory.file("node_modules"));
  const [, program] = /^```js\n([\s\S]*?)^```$/m.exec(await sectionOf(heading, port))!;
  writeFileSync(directory.file("program.mjs"), program!);
  const stdio = ["ignore", "inherit", "inherit"] as const;
  const child = Bun.spawn([process.execPath, directory.file("program.mjs")], { stdio: [...stdio] });
  expect(await child.exited).toBe(0);
}

/** Runs the commands and the program of a section, and waits until the message is stored. */
async function takes(heading: string, port: Port): Promise<void> {
  await using at = await guidePlace("--allow-subnets=127.0.0.0/8");
  const commands = await commandsOf(heading, port);
  await at.shell(commands[0]!);
  await runProgram(heading, port);
  await connects(at, [commands[1]!, commands[1]!]);
  const read = async () => JSON.parse((await at.shell(commands[1]!)).stdout).counts;
  expect(await soon(read, ({ stored }) => stored > 0)).toMatchObject({ stored: 1, refused: 0 });
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

test.skipIf(needsCurl || !hasRabbitMq)("the source of the guide takes a message from RabbitMQ", async () => {
  await using broker = await startRabbitMq();
  await takes("RabbitMQ", ["5672", broker.port]);
});

test.skipIf(needsCurl || !hasKafka)("the source of the guide takes a message from Kafka", async () => {
  await using broker = await startKafka();
  await takes("Kafka", ["9092", broker.port]);
});

test.skipIf(needsCurl || natsServer === null)("the source of the guide takes a message from NATS", async () => {
  await using broker = await startNats();
  await takes("NATS JetStream", ["4222", broker.port]);
});

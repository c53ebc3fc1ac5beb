import { expect, test } from "bun:test";
import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../support/binary.ts";
import { ElasticMq, hasElasticMq } from "../support/brokers/elasticmq.ts";
import { hasKafka, startKafka } from "../support/brokers/kafka.ts";
import { motoPython } from "../support/brokers/moto.ts";
import { natsServer, startNats } from "../support/brokers/nats.ts";
import { hasRabbitMq, startRabbitMq } from "../support/brokers/rabbitmq.ts";
import { freePort } from "../support/free-port.ts";
import { guideText, replaced } from "../support/guide.ts";
import { type GuidePlace, guidePlace } from "../support/guide-place.ts";
import { examplesIn } from "../support/readme.ts";
import { startReceiver } from "../support/receiver.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const WAIT_MS_MAX = 120_000;
const AUTHORIZATION = '-H "Authorization: Bearer $(cat data/root-token)"';
const APPLICATION = `curl -s http://127.0.0.1:8071/api/v1/app ${AUTHORIZATION} -H 'Content-Type: application/json' -d '{"uid": "demo", "name": "Demo"}'`;
const MESSAGE = `curl -s http://127.0.0.1:8071/api/v1/app/demo/msg ${AUTHORIZATION} -H 'Content-Type: application/json' -d '{"eventType": "order.paid", "payload": {"n": 1}}'`;
const needsCurl = Bun.which("curl") === null;

/** Returns the commands and the program of a section of the page about transports. */
async function section(heading: string, port: readonly [inGuide: string, real: number]) {
  const page = await guideText("transports");
  const text = new RegExp(`^## ${heading}\n[\\s\\S]*?(?=^## |$(?![\\s\\S]))`, "m").exec(page)?.[0] ?? "";
  const changed = replaced(text, [port[0], String(port[1])]);
  return { commands: examplesIn(changed), program: /^```(?:js|python)\n([\s\S]*?)^```$/m.exec(changed)![1]! };
}

interface Run {
  /** The program that runs it. The default is Bun. */
  readonly interpreter?: string;
  /** The working directory. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly whenReady?: () => Promise<unknown>;
}

/** Runs a program of the guide until it has printed a text, after it has printed `ready`. */
async function runUntil(
  program: string,
  { interpreter = process.execPath, cwd, env, whenReady = async () => {} }: Run,
  wanted: string,
) {
  using directory = temporaryDirectory();
  symlinkSync(join(ROOT, "node_modules"), directory.file("node_modules"));
  writeFileSync(directory.file("consumer.mjs"), program);
  const child = Bun.spawn([interpreter, directory.file("consumer.mjs")], {
    cwd,
    env: { PATH: process.env.PATH ?? "", ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), WAIT_MS_MAX);
  let output = "";
  let isReady = false;
  const decoder = new TextDecoder();
  for await (const chunk of child.stdout) {
    output += decoder.decode(chunk);
    if (!isReady && output.includes("ready")) {
      isReady = true;
      await whenReady();
    }
    if (output.includes(wanted)) break;
  }
  clearTimeout(timer);
  child.kill("SIGKILL");
  await child.exited;
  return output;
}

async function secretOf(at: GuidePlace, endpoint: string): Promise<string> {
  const address = `http://127.0.0.1:8071/api/v1/app/demo/endpoint/${endpoint}/secret`;
  return JSON.parse((await at.shell(`curl -s ${address} ${AUTHORIZATION}`)).stdout).key;
}

async function messageArrives(
  at: GuidePlace,
  heading: string,
  endpoint: string,
  port: readonly [string, number],
  interpreter = process.execPath,
) {
  await at.shell(APPLICATION);
  const { commands, program } = await section(heading, port);
  for (const { command } of commands) expect((await at.shell(command)).code).toBe(0);
  const env = { ENDPOINT_SECRET: await secretOf(at, endpoint) };
  const run = { interpreter, cwd: at.path, env, whenReady: () => at.shell(MESSAGE) };
  const output = await runUntil(program, run, "order.paid");
  expect(output).toMatch(/order\.paid \{\s*'?n'?: 1,?\s*\}/);
}

test.skipIf(needsCurl)(
  "the receiver of the guide gets a verified message over gRPC",
  async () => {
    await using at = await guidePlace("--allow-subnets=127.0.0.0/8");
    await messageArrives(at, "gRPC", "grpc", ["50051", freePort()]);
  },
  WAIT_MS_MAX,
);

test.skipIf(needsCurl)(
  "the sender of the guide stores its messages over gRPC",
  async () => {
    const port = freePort();
    await using at = await guidePlace(`--grpc-port=${port}`);
    await at.shell(APPLICATION);
    await at.shell((await section("gRPC", ["50051", port])).commands[0]!.command);
    const { program } = await section("Sending messages over gRPC", ["8072", port]);
    const env = { BOATHOOK_TOKEN: (await at.shell("cat data/root-token")).stdout };
    const output = await runUntil(program, { cwd: at.path, env }, "all three");
    expect(output).toMatch(/^(stored msg_\w+\n){3}$/);
  },
  WAIT_MS_MAX,
);

test.skipIf(needsCurl || !hasRabbitMq)(
  "the consumer of the guide gets a verified message from RabbitMQ",
  async () => {
    await using broker = await startRabbitMq();
    await using at = await guidePlace("--allow-subnets=127.0.0.0/8");
    await messageArrives(at, "AMQP", "rabbitmq", ["5672", broker.port]);
  },
  WAIT_MS_MAX,
);

test.skipIf(needsCurl || natsServer === null)(
  "the consumer of the guide gets a verified message from NATS",
  async () => {
    await using broker = await startNats();
    await using at = await guidePlace("--allow-subnets=127.0.0.0/8");
    await messageArrives(at, "NATS", "nats", ["4222", broker.port]);
  },
  WAIT_MS_MAX,
);

test.skipIf(needsCurl || !hasKafka)(
  "the consumer of the guide gets a verified message from Kafka",
  async () => {
    await using broker = await startKafka();
    await using at = await guidePlace("--allow-subnets=127.0.0.0/8");
    await messageArrives(at, "Kafka", "kafka", ["9092", broker.port]);
  },
  WAIT_MS_MAX,
);

test.skipIf(needsCurl || !hasElasticMq || motoPython === null)(
  "the consumer of the guide gets a verified message from a queue of SQS",
  async () => {
    await using broker = await ElasticMq.start();
    await using at = await guidePlace("--allow-subnets=127.0.0.0/8");
    await messageArrives(at, "SQS", "sqs", ["9324", broker.port], motoPython!);
  },
  WAIT_MS_MAX,
);

test.skipIf(needsCurl || motoPython === null)(
  "the handler of the guide verifies the message that a function of Lambda gets",
  async () => {
    await using lambda = startReceiver();
    await using at = await guidePlace("--allow-subnets=127.0.0.0/8");
    await at.shell(APPLICATION);
    const url = `lambda://KEY:secret@eu-central-1/resize?endpoint=${encodeURIComponent(lambda.url)}`;
    const address = "http://127.0.0.1:8071/api/v1/app/demo/endpoint/lambda";
    await at.shell(
      `curl -sX PUT ${address} ${AUTHORIZATION} -H 'Content-Type: application/json' -d '${JSON.stringify({ url })}'`,
    );
    await at.shell(MESSAGE);
    const [request] = await lambda.arrived(1);
    const [program] = /^import[\s\S]*?(?=^```$)/m.exec((await guideText("transports")).split("\n## Lambda\n")[1]!)!;
    const run = `${program}\nimport json, sys\nprint(handler(json.load(sys.stdin), None))`;
    const child = Bun.spawn([motoPython!, "-c", run], {
      env: { ENDPOINT_SECRET: await secretOf(at, "lambda") },
      stdio: [request!.body, "pipe", "inherit"],
    });
    expect(await new Response(child.stdout).text()).toBe("{'n': 1}\n{'statusCode': 204}\n");
  },
  WAIT_MS_MAX,
);

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { executable } from "../support/binary.ts";
import { makeApplication } from "../support/client.ts";
import { attemptsOf, makeEndpoint, sendMessage } from "../support/delivery.ts";
import { canLimitFiles, limitFiles } from "../support/file-limit.ts";
import { type Installation, install } from "../support/installation.ts";
import { startReceiver } from "../support/receiver.ts";

/** Tests what happens when this machine runs out of a resource while the executable delivers. */

/** A limit that is lower than the number of open files of every process. */
const NO_FILES = 4;

describe.if(canLimitFiles)("a lack of file descriptors", () => {
  let boathook: Installation;
  beforeAll(async () => {
    boathook = await install(["--retry-schedule="]);
  });
  afterAll(() => boathook[Symbol.asyncDispose]());

  test("messages wait while no file descriptor is free, and then succeed on the first attempt", async () => {
    const { send, process } = boathook;
    // The connection is not kept, so that every attempt needs a new descriptor.
    await using receiver = startReceiver(() => new Response(null, { headers: { connection: "close" } }));
    const app = await makeApplication(send);
    await makeEndpoint(send, app, receiver.url);
    await attemptsOf(send, app, await sendMessage(send, app));
    await limitFiles(process.pid, NO_FILES);
    const messages: string[] = [];
    for (let i = 0; i < 20; i++) messages.push(await sendMessage(send, app));
    const line = await process.logged(({ msg }) => msg.startsWith("Deliveries wait for a resource"));
    expect(line).toMatchObject({ level: "warn", resource: "open-files" });
    const during = await fetch(`${boathook.url}/metrics`);
    expect(during.status).toBe(200);
    expect(await during.text()).toContain('boathook_local_shortage{resource="open-files"} 1');
    expect((await send("GET", "/system")).status).toBe(200);
    await limitFiles(process.pid, 4096);
    for (const message of messages) {
      expect(await attemptsOf(send, app, message)).toMatchObject([{ statusText: "success" }]);
    }
    expect(receiver.received).toHaveLength(21);
    const warnings = process.log.filter(({ msg }) => msg.startsWith("Deliveries wait for a resource"));
    expect(warnings).toHaveLength(1);
    const metrics = await (await fetch(`${boathook.url}/metrics`)).text();
    expect(metrics).toContain('boathook_local_shortage{resource="open-files"} 1');
    expect(
      Number(/boathook_deliveries_postponed_total\{resource="open-files"\} (\d+)/.exec(metrics)![1]),
    ).toBeGreaterThan(0);
    expect((await send("GET", "/dead-letter/summary")).json.total).toBe(0);
  }, 30_000);
});

test("the server warns at the start if the limit of open files is too low for delivery-concurrency", async () => {
  const program = ["sh", "-c", 'ulimit -n 600; exec "$0" "$@"', ...executable()];
  await using boathook = await install(["--delivery-concurrency=100"], { program });
  const line = await boathook.process.logged(({ openFilesMax }) => openFilesMax !== undefined);
  expect(line).toMatchObject({ level: "warn", openFilesMax: 600 });
  expect(line.msg).toContain("delivery-concurrency 100 needs 1412");
});

test("the soft limit of open files is raised to the hard limit at the start", async () => {
  const program = ["sh", "-c", 'ulimit -S -n 600; exec "$0" "$@"', ...executable()];
  await using boathook = await install(["--delivery-concurrency=100"], { program });
  const { stdout } = Bun.spawn(["sh", "-c", `grep "open files" /proc/${boathook.process.pid}/limits`]);
  const [, soft, hard] = /Max open files +(\d+) +(\d+)/.exec(await new Response(stdout).text())!;
  expect([soft === hard, soft !== "600"]).toEqual([true, true]);
  expect(boathook.process.log.some(({ openFilesMax }) => openFilesMax !== undefined)).toBe(false);
});

test.if(process.platform === "linux")(
  "messages are delivered even if connections of idle clients use up all file descriptors",
  async () => {
    const program = ["sh", "-c", 'ulimit -n 300; exec "$0" "$@"', ...executable()];
    await using boathook = await install(["--retry-schedule=", "--delivery-concurrency=4"], { program });
    const { send, url } = boathook;
    // The connection is not kept, so that every attempt needs a new descriptor.
    await using receiver = startReceiver(() => new Response(null, { headers: { connection: "close" } }));
    const app = await makeApplication(send);
    await makeEndpoint(send, app, receiver.url);
    const deliverAt = new Date(Date.now() + 3000).toISOString();
    for (let i = 0; i < 60; i++) await sendMessage(send, app, { deliverAt });
    const { hostname, port } = new URL(url);
    const clients: Bun.Socket[] = [];
    // Each client sends one request and keeps its connection.
    for (let i = 0; i < 400; i++) {
      const client = await Bun.connect({ hostname, port: Number(port), socket: { data() {}, error() {} } });
      client.write("GET /api/v1/health/ping HTTP/1.1\r\nhost: a\r\n\r\n");
      clients.push(client);
    }
    const deadline = Date.now() + 20_000;
    while (receiver.received.length < 60) {
      if (Date.now() > deadline) {
        const letters = (await send("GET", "/dead-letter/summary")).text;
        const metrics = (await (await fetch(`${url}/metrics`)).text()).match(
          /^boathook_(deliver|local|client)\w+[{ ].*$/gm,
        );
        const log = boathook.process.log.map((line) => JSON.stringify(line)).join("\n");
        throw new Error(
          `Only ${receiver.received.length} of 60 messages arrived. Dead letters: ${letters}\n${metrics?.join("\n")}\n${log}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    for (const client of clients) client.terminate();
    expect((await send("GET", "/dead-letter/summary")).json.total).toBe(0);
  },
  30_000,
);

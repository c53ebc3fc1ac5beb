import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { clientOf } from "../support/client.ts";
import { ROOT_TOKEN, startServer, type TestServer } from "../support/server.ts";

const LARGE_REQUESTS = 12;

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

/** Sends an invalid body that takes long to parse. Its last byte is sent by `finish`. */
async function slowRequest(onResponse: () => void): Promise<{ finish(): void }> {
  const body = `{"name":1,"metadata":[${"[],".repeat(600_000)}1]}`;
  const head = [
    "POST /api/v1/app HTTP/1.1",
    "host: a",
    `authorization: Bearer ${ROOT_TOKEN}`,
    `content-length: ${body.length}`,
    "connection: close",
  ];
  const { hostname, port } = new URL(server.url);
  let rest = Buffer.from(`${head.join("\r\n")}\r\n\r\n${body.slice(0, -1)}`);
  const sent = Promise.withResolvers<void>();
  const write = (socket: Bun.Socket) => {
    rest = rest.subarray(Math.max(0, socket.write(rest)));
    if (rest.length === 0) sent.resolve();
  };
  const socket = await Bun.connect({
    hostname,
    port: Number(port),
    socket: { data: onResponse, drain: write },
  });
  write(socket);
  await sent.promise;
  return { finish: () => void socket.write("}") };
}

describe("bodies that take long to parse", () => {
  test("when many large bodies arrive at once, another request is served between them", async () => {
    let responses = 0;
    let other: Promise<unknown> | null = null;
    const first = Promise.withResolvers<void>();
    const all = Promise.withResolvers<void>();
    const onResponse = () => {
      responses++;
      // At this time the other bodies have arrived too.
      if (responses === 1) other = clientOf(server.url)("GET", "/health/ping");
      if (responses === 1) first.resolve();
      if (responses === LARGE_REQUESTS) all.resolve();
    };
    const requests = await Promise.all(Array.from({ length: LARGE_REQUESTS }, () => slowRequest(onResponse)));
    for (const request of requests) request.finish();
    await first.promise;
    await other;
    expect(responses).toBeLessThan(LARGE_REQUESTS / 2);
    await all.promise;
  }, 60_000);
});

import { describe, expect, test } from "bun:test";
import { executable } from "../support/binary.ts";
import { makeApplication } from "../support/client.ts";
import { ConnectionHogs } from "../support/connection-hogs.ts";
import { attemptsOf, makeEndpoint, sendMessage } from "../support/delivery.ts";
import { freePort } from "../support/free-port.ts";
import { startGrpcReceiver } from "../support/grpc-receiver.ts";
import { SendCall } from "../support/grpc-sender.ts";
import { install } from "../support/installation.ts";
import { startReceiver } from "../support/receiver.ts";

/** Tests clients that hold as many connections as they can, while the executable has few descriptors. */

const DEADLINE_MS = 20_000;
const REQUEST_TIMEOUT_MS = 4000;
/**
 * While the queue of new connections is full, the kernel drops what arrives, and a client tries again only after
 * 1, 3 and 7 s. So clients that do not wait for each other send requests at this interval.
 */
const REQUEST_INTERVAL_MS = 500;

async function until(what: () => unknown, isMet: () => boolean): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (!isMet()) {
    if (Date.now() > deadline) throw new Error(`Not met in time: ${JSON.stringify(what())}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function limitedTo(files: number): readonly string[] {
  return ["sh", "-c", `ulimit -n ${files}; exec "$0" "$@"`, ...executable()];
}

/** Returns the status of a request on a new connection, or the reason why it failed. */
async function statusOf(url: string): Promise<number | string> {
  try {
    return (await fetch(url, { keepalive: false, signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) })).status;
  } catch (error) {
    return String(error);
  }
}

/** Sends requests, each on a new connection, until one of them is answered with 204. */
async function untilAnswered(url: string): Promise<void> {
  const statuses: (number | string)[] = [];
  const request = async () => void statuses.push(await statusOf(url));
  const timer = setInterval(() => void request(), REQUEST_INTERVAL_MS);
  try {
    await until(
      () => statuses,
      () => statuses.includes(204),
    );
  } finally {
    clearInterval(timer);
  }
}

test.if(process.platform === "linux")(
  "while clients hold all connections that they get, deliveries go on, and new requests are answered",
  async () => {
    await using boathook = await install(["--retry-schedule=", "--delivery-concurrency=4"], {
      program: limitedTo(300),
    });
    const { send, url, process } = boathook;
    // The connection is not kept, so that every attempt needs a new descriptor.
    await using receiver = startReceiver(() => new Response(null, { headers: { connection: "close" } }));
    const app = await makeApplication(send);
    await makeEndpoint(send, app, receiver.url);
    const deliverAt = new Date(Date.now() + 4000).toISOString();
    const messages: string[] = [];
    for (let i = 0; i < 20; i++) messages.push(await sendMessage(send, app, { deliverAt }));
    const hogs = new ConnectionHogs(new URL(url), 1000);
    try {
      const line = await process.logged(({ msg }) => msg.startsWith("Too many client connections"));
      expect(line).toMatchObject({ level: "warn", connectionsMax: 120 });
      await until(
        () => `${receiver.received.length} of 20 messages`,
        () => receiver.received.length === 20,
      );
      await untilAnswered(`${url}/api/v1/health/ping`);
      await until(
        () => hogs.refusal,
        () => hogs.refusal.includes('"overloaded"'),
      );
      expect(hogs.refusal.toLowerCase()).toContain("retry-after: 1");
    } finally {
      hogs.leave();
    }
    await process.logged(({ msg }) => msg.startsWith("Client connections are below the limit again"));
    for (let i = 0; i < 20; i++) expect(await statusOf(`${url}/api/v1/health/ping`)).toBe(204);
    for (const message of messages) {
      expect(await attemptsOf(send, app, message)).toMatchObject([{ statusText: "success" }]);
    }
    expect((await send("GET", "/dead-letter/summary")).json.total).toBe(0);
  },
  60_000,
);

test.if(process.platform === "linux")(
  "while clients hold all connections that they get over gRPC, deliveries go on, and requests are answered",
  async () => {
    const port = freePort();
    const options = ["--retry-schedule=", "--delivery-concurrency=4", `--grpc-port=${port}`];
    await using boathook = await install(options, { program: limitedTo(300) });
    const { send, url, process } = boathook;
    await using receiver = startReceiver(() => new Response(null, { headers: { connection: "close" } }));
    const app = await makeApplication(send);
    await makeEndpoint(send, app, receiver.url);
    const hogs = new ConnectionHogs(new URL(`http://127.0.0.1:${port}`), 1000);
    try {
      await process.logged(({ msg }) => msg.startsWith("Too many client connections"));
      await untilAnswered(`${url}/api/v1/health/ping`);
    } finally {
      hogs.leave();
    }
    await process.logged(({ msg }) => msg.startsWith("Client connections are below the limit again"));
    expect(await attemptsOf(send, app, await sendMessage(send, app))).toMatchObject([{ statusText: "success" }]);
    await using call = new SendCall(port);
    call.send({ app, eventType: "a.b", payload: Buffer.from("{}") });
    expect((await call.answered(1))[0]).toMatchObject({ error: "" });
  },
  60_000,
);

test.if(process.platform === "linux")(
  "while clients hold all connections that they get, deliveries over gRPC go on",
  async () => {
    const options = ["--retry-schedule=", "--delivery-concurrency=40"];
    await using boathook = await install(options, { program: limitedTo(300) });
    const { send, url, process } = boathook;
    // Each receiver needs a connection of its own.
    await using receivers = new AsyncDisposableStack();
    const started = await Promise.all(Array.from({ length: 40 }, () => startGrpcReceiver()));
    for (const receiver of started) receivers.use(receiver);
    const app = await makeApplication(send);
    for (const { port } of started) await makeEndpoint(send, app, `grpc://127.0.0.1:${port}`);
    const message = await sendMessage(send, app, { deliverAt: new Date(Date.now() + 4000).toISOString() });
    const hogs = new ConnectionHogs(new URL(url), 1000);
    try {
      await process.logged(({ msg }) => msg.startsWith("Too many client connections"));
      await until(
        () => started.map(({ calls }) => calls.length),
        () => started.every(({ calls }) => calls.length === 1),
      );
    } finally {
      hogs.leave();
    }
    const attempts = await attemptsOf(send, app, message, started.length);
    expect(attempts.map(({ statusText }) => statusText)).toEqual(started.map(() => "success"));
  },
  60_000,
);

/** Opens connections and sends `text` on each. Returns the responses so far, and whether each is open. */
async function openClients(url: string, count: number, text: string) {
  const clients = Array.from({ length: count }, () => ({ text: "", isOpen: true }));
  const { hostname, port } = new URL(url);
  const sockets: Bun.Socket[] = [];
  for (const client of clients) {
    const socket = await Bun.connect({
      hostname,
      port: Number(port),
      socket: {
        data: (_, data) => {
          client.text += data.toString("latin1");
        },
        close: () => {
          client.isOpen = false;
        },
        error() {},
      },
    });
    socket.write(text);
    sockets.push(socket);
  }
  return { clients, write: (bytes: string) => sockets.map((socket) => socket.write(bytes)) };
}

describe.if(process.platform === "linux")("max-connections", () => {
  test("connections beyond the limit get 503 and are closed, those below it stay open, and an unfinished request can be finished", async () => {
    await using boathook = await install(["--max-connections=40"]);
    const body = "POST /inbox/inbox_of_nobody HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nx";
    const { clients, write } = await openClients(boathook.url, 100, body);
    const open = () => clients.filter(({ isOpen }) => isOpen);
    await until(
      () => open().length,
      () => open().length <= 40,
    );
    expect(open()).toHaveLength(40);
    for (const { isOpen, text } of clients) {
      if (isOpen) expect(text).toBe("");
      else expect(text).toStartWith("HTTP/1.1 503 Service Unavailable\r\n");
    }
    write("x");
    await until(
      () => open().map(({ text }) => text),
      () => open().every(({ text }) => text.startsWith("HTTP/1.1 200")),
    );
    expect(open()).toHaveLength(40);
  }, 30_000);

  test("idle connections are closed without a response before any request is refused", async () => {
    await using boathook = await install(["--max-connections=40"]);
    const body = "POST /inbox/inbox_of_nobody HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nx";
    const { clients: busy } = await openClients(boathook.url, 30, body);
    const { clients: idle } = await openClients(
      boathook.url,
      30,
      "GET /api/v1/health/ping HTTP/1.1\r\nhost: a\r\n\r\n",
    );
    await until(
      () => idle,
      () => idle.every(({ isOpen }) => !isOpen),
    );
    for (const { text } of idle) expect(text).toMatch(/^HTTP\/1\.1 204 .*\r\n\r\n$/s);
    expect(busy.filter(({ isOpen, text }) => isOpen && text === "")).toHaveLength(30);
  }, 30_000);

  test("a value for which the limit of open files has no room is lowered, with a warning at the start", async () => {
    await using boathook = await install(["--max-connections=1000", "--delivery-concurrency=1"], {
      program: limitedTo(1024),
    });
    const line = await boathook.process.logged(({ msg }) => msg.includes("max-connections"));
    expect(line).toMatchObject({ level: "warn", openFilesMax: 1024 });
    expect(line.msg).toContain("at most 709 client connections");
  });

  test("a client that sends a request head byte by byte is disconnected", async () => {
    await using boathook = await install();
    const { clients, write } = await openClients(boathook.url, 1, "GET /api/v1/health/ping HTTP/1.1\r\nx: ");
    await until(
      () => clients,
      () => {
        write("x");
        return !clients[0]!.isOpen;
      },
    );
    expect(clients[0]!.text).toBe("");
  }, 30_000);
});

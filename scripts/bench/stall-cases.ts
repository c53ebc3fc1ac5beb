import type { Database } from "bun:sqlite";
import { APPLICATION, createEndpoints, type Product } from "./product.ts";
import type { Case } from "./stall-case.ts";
import { importCases } from "./stall-imports.ts";
import { listCases } from "./stall-lists.ts";
import { schemaCases } from "./stall-schemas.ts";

const NOWHERE = "http://127.0.0.1:9";
const MANY_ENDPOINTS = 1000;
const DEAD_LETTERS = 400_000;
const PORTAL_TASKS = 300;
const CONNECTIONS = 500;
const BODY_BYTES = 2 * 1024 * 1024;
const UNREAD = 100;
const UNREAD_PAGES = 500;
const LARGE_MESSAGES = 250;

const batch = (messages: number, payload: unknown = {}) => ({
  messages: Array.from({ length: messages }, () => ({ eventType: "a", payload })),
});

const endpoints = (count: number) => (server: Product) =>
  createEndpoints(server, { receiverUrl: NOWHERE, endpoints: count, spread: false, concurrency: 1, paused: true });

const originOf = (server: Product) => new URL(server.messagesUrl).origin;

async function get(server: Product, path: string): Promise<void> {
  const response = await fetch(`${originOf(server)}/api/v1${path}`, { headers: server.headers });
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`GET ${path}: ${response.status}`);
}

const sendBatch = async (server: Product) => {
  await server.call("POST", `/app/${APPLICATION}/msg/batch`, batch(1000));
  return undefined;
};

/** Opens a connection that sends a request and never reads the response. */
async function unread(server: Product, head: string): Promise<() => void> {
  const { hostname, port } = new URL(originOf(server));
  const socket = await Bun.connect({
    hostname,
    port: Number(port),
    socket: { data: (self) => void self.pause(), error() {} },
  });
  socket.write(head);
  return () => void socket.end();
}

/** Requests a static file on many connections at once and reads no response. */
function unreadPages(path: string): Case["run"] {
  return async (server) => {
    const head = `GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`;
    const closes = await Promise.all(Array.from({ length: UNREAD_PAGES }, () => unread(server, head)));
    return () => closes.forEach((close) => void close());
  };
}

/** Sends the beginning of a body of `BODY_BYTES`, so that the server must keep it in memory. */
async function slowBody(server: Product, path: string): Promise<() => void> {
  const { hostname, port } = new URL(originOf(server));
  const bytes = Buffer.concat([
    Buffer.from(`POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-length: ${BODY_BYTES}\r\n\r\n`),
    Buffer.alloc(BODY_BYTES - 1, "x"),
  ]);
  const { promise, resolve } = Promise.withResolvers<void>();
  let at = 0;
  const write = (socket: Bun.Socket) => {
    at += Math.max(0, socket.write(bytes.subarray(at)));
    if (at === bytes.length) resolve();
  };
  const socket = await Bun.connect({
    hostname,
    port: Number(port),
    socket: { open: write, drain: write, data() {}, error: () => resolve(), close: () => resolve() },
  });
  await Promise.race([promise, Bun.sleep(5000)]);
  return () => void socket.end();
}

/** Adds dead letters to the endpoints of the application. */
function fillDeadLetters(db: Database): void {
  const endpointSeqs = db.query<{ seq: number; application: number }, []>(
    "SELECT seq, application_seq AS application FROM endpoint ORDER BY seq DESC LIMIT 4",
  );
  const found = endpointSeqs.all();
  const message = db.prepare(
    `INSERT INTO message (seq, application_seq, event_type, payload, accepted_at) VALUES (?, ?, ?, x'7b7d', ?)`,
  );
  const delivery = db.prepare(
    `INSERT INTO delivery (seq, message_seq, endpoint_seq, state, position, due_at, attempts, attempts_total, round, trigger,
       reason, ended_at) VALUES (?, ?, ?, 2, ?, ?, 1, 1, 0, 0, 'status_5xx', ?)`,
  );
  const first = found[0]!.seq + 1000;
  const now = Date.now();
  for (let i = 0; i < DEAD_LETTERS; i++) {
    const seq = first + 2 * i;
    const endpoint = found[i % found.length]!;
    message.run(seq, endpoint.application, `type-${i % 10}`, now);
    delivery.run(seq + 1, seq, endpoint.seq, seq + 1, now, now);
  }
}

/** Starts replays; the server refuses those beyond its limit of waiting tasks. */
async function startReplays(server: Product): Promise<undefined> {
  const since = new Date(Date.now() - 3_600_000).toISOString();
  const path = `/app/${APPLICATION}/endpoint/ep-0/replay-missing`;
  const { headers } = server;
  for (let i = 0; i < PORTAL_TASKS; i++) {
    const url = `${originOf(server)}/api/v1${path}`;
    const response = await fetch(url, { method: "POST", headers, body: JSON.stringify({ since }) });
    await response.arrayBuffer();
    if (response.status !== 202 && response.status !== 429) throw new Error(`POST ${path}: ${response.status}`);
  }
}

/** Watches the live view of a quiet environment while another environment gets many messages. */
async function watchQuiet(server: Product): Promise<() => void> {
  const headers = { ...server.headers, "boathook-environment": "quiet" };
  const stop = new AbortController();
  const stream = await fetch(`${originOf(server)}/api/v1/live`, { headers, signal: stop.signal });
  if (!stream.ok) throw new Error(`The live view: ${stream.status}`);
  void stream.text().catch(() => {});
  for (let i = 0; i < 20; i++) {
    await server.call("POST", `/app/${APPLICATION}/msg`, { eventType: "a", payload: {} });
    await Bun.sleep(200);
  }
  return () => stop.abort();
}

export const cases: Readonly<Record<string, Case>> = {
  // Measures how slow a ping is on an otherwise idle server, which depends on the machine.
  idle: {
    run: async () => {
      await Bun.sleep(5000);
      return undefined;
    },
  },
  batch: { prepare: endpoints(MANY_ENDPOINTS), run: sendBatch },
  "delete-application": {
    prepare: async (server) => {
      await endpoints(MANY_ENDPOINTS)(server);
      await server.call("POST", `/app/${APPLICATION}/msg/batch`, batch(200));
    },
    run: async (server) => {
      await server.call("DELETE", `/app/${APPLICATION}`, undefined);
      return undefined;
    },
  },
  "one-message-10000": {
    prepare: endpoints(10_000),
    run: async (server) => {
      await server.call("POST", `/app/${APPLICATION}/msg`, { eventType: "a", payload: {} });
      return undefined;
    },
  },
  replays: {
    prepare: async (server) => {
      await endpoints(1)(server);
      for (let i = 0; i < 20; i++) await server.call("POST", `/app/${APPLICATION}/msg/batch`, batch(1000));
    },
    run: startReplays,
  },
  "live-view": {
    prepare: async (server) => {
      await server.call("POST", "/management/environment", { name: "quiet", type: "development" });
      await endpoints(0)(server);
      const text = "x".repeat(1000);
      for (let i = 0; i < 6; i++) await server.call("POST", `/app/${APPLICATION}/msg/batch`, batch(1000, { text }));
    },
    run: watchQuiet,
  },
  "dead-letters": {
    prepare: endpoints(4),
    fill: fillDeadLetters,
    run: async (server) => {
      await get(server, "/dead-letter/summary");
      const dryRun = { filter: { reason: "status_5xx" }, dryRun: true };
      await server.call("POST", "/dead-letter/redrive", dryRun);
      return undefined;
    },
  },
  "drop-dead-letters": {
    prepare: endpoints(4),
    fill: fillDeadLetters,
    run: async (server) => {
      await server.call("DELETE", "/dead-letter?reason=status_5xx", undefined);
      return undefined;
    },
  },
  "bodies-inbox": {
    run: async (server) => {
      const closes = await Promise.all(
        Array.from({ length: CONNECTIONS }, () => slowBody(server, "/inbox/inbox_of_the_bench")),
      );
      return () => closes.forEach((close) => void close());
    },
  },
  "unread-answers": {
    prepare: async (server) => {
      await endpoints(0)(server);
      const text = "x".repeat(70_000);
      for (let i = 0; i < LARGE_MESSAGES / 25; i++) {
        await server.call("POST", `/app/${APPLICATION}/msg/batch`, batch(25, { text }));
      }
    },
    run: async (server) => {
      const path = `/api/v1/app/${APPLICATION}/msg?limit=250&with_content=true`;
      const head = `GET ${path} HTTP/1.1\r\nhost: a\r\nauthorization: ${server.headers.authorization}\r\n\r\n`;
      const closes = await Promise.all(Array.from({ length: UNREAD }, () => unread(server, head)));
      return () => closes.forEach((close) => void close());
    },
  },
  "unread-pages": { run: unreadPages("/docs/json") },
  ...importCases,
  ...schemaCases,
  ...listCases,
  throttle: {
    prepare: endpoints(10_000),
    run: async (server) => {
      await server.call("PATCH", `/app/${APPLICATION}`, { throttleRate: 100 });
      return undefined;
    },
  },
  "unread-files": { run: unreadPages("/docs/swagger-ui-bundle.js") },
};

import { Database } from "bun:sqlite";
import { createHmac } from "node:crypto";

/**
 * The yardstick: a minimal durable webhook sender in one process and one loop. It accepts, commits,
 * responds with 202, signs, sends, and commits the success. It has no indexes except the primary
 * keys, no authentication, no routing and no retries.
 *
 * `bun yardstick.ts FILE CONCURRENCY URL…` prints `{"url": …}` when it serves. It sends every
 * message to every URL.
 */

const [file = "", concurrency = "256", ...receivers] = process.argv.slice(2);
const concurrencyMax = Number(concurrency);

interface Message {
  readonly seq: number;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly committed: () => void;
}

interface Delivery {
  readonly seq: number;
  readonly message: Message;
  readonly url: string;
}

const database = new Database(file, { strict: true });
database.run("PRAGMA journal_mode = WAL");
database.run("PRAGMA synchronous = FULL");
database.run("PRAGMA wal_autocheckpoint = 8000");
database.run("CREATE TABLE message (seq INTEGER PRIMARY KEY, payload BLOB NOT NULL) STRICT");
database.run(
  "CREATE TABLE delivery (seq INTEGER PRIMARY KEY, message_seq INTEGER NOT NULL, state INTEGER NOT NULL) STRICT",
);
const begin = database.prepare("BEGIN IMMEDIATE");
const end = database.prepare("COMMIT");
const insertMessage = database.prepare("INSERT INTO message VALUES (?, ?)");
const insertDelivery = database.prepare("INSERT INTO delivery VALUES (?, ?, 0)");
const updateDelivery = database.prepare("UPDATE delivery SET state = 1 WHERE seq = ?");

const key = Buffer.alloc(24, "yardstick");
const counts = { accepted: 0, delivered: 0 };
let lastMessageSeq = 0;
let lastDeliverySeq = 0;

// Input of the next commit, which runs once per turn of the event loop.
let arrived: Message[] = [];
let succeeded: Delivery[] = [];
let isCommitDue = false;

function commitSoon(): void {
  if (isCommitDue) return;
  isCommitDue = true;
  setImmediate(commit);
}

function commit(): void {
  isCommitDue = false;
  const messages = arrived;
  const finished = succeeded;
  arrived = [];
  succeeded = [];
  begin.run();
  for (const message of messages) store(message);
  for (const { seq } of finished) updateDelivery.run(seq);
  end.run();
  counts.accepted += messages.length;
  counts.delivered += finished.length;
  for (const message of messages) message.committed();
  sendMore();
}

function store(message: Message): void {
  insertMessage.run(message.seq, message.body);
  for (const url of receivers) {
    const delivery = { seq: ++lastDeliverySeq, message, url };
    insertDelivery.run(delivery.seq, message.seq);
    waiting.push(delivery);
  }
}

// The queue is an array with a head index, so that removing an item moves no others.
let waiting: Delivery[] = [];
let head = 0;
let inFlight = 0;
const HEAD_MAX = 50_000;

function sendMore(): void {
  while (inFlight < concurrencyMax && head < waiting.length) void send(waiting[head++]!);
  if (head < HEAD_MAX) return;
  waiting = waiting.slice(head);
  head = 0;
}

async function send(delivery: Delivery): Promise<void> {
  inFlight++;
  const { body, seq } = delivery.message;
  const id = `msg_${seq}`;
  const timestamp = Math.floor(Date.now() / 1000);
  const signature = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest("base64");
  const response = await fetch(delivery.url, {
    method: "POST",
    body,
    headers: {
      "content-type": "application/json",
      "webhook-id": id,
      "webhook-timestamp": String(timestamp),
      "webhook-signature": `v1,${signature}`,
    },
    redirect: "manual",
    decompress: false,
  });
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`The receiver responded with ${response.status}.`);
  inFlight--;
  succeeded.push(delivery);
  commitSoon();
}

async function accept(request: Request): Promise<Response> {
  const body = new Uint8Array(await request.arrayBuffer());
  JSON.parse(new TextDecoder().decode(body));
  const { promise, resolve } = Promise.withResolvers<void>();
  const seq = ++lastMessageSeq;
  arrived.push({ seq, body, committed: resolve });
  commitSoon();
  await promise;
  return new Response(`{"id":"msg_${seq}"}`, { status: 202, headers: { "content-type": "application/json" } });
}

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch: (request) => (request.method === "POST" ? accept(request) : Response.json(counts)),
});
console.log(JSON.stringify({ url: `http://127.0.0.1:${server.port}` }));

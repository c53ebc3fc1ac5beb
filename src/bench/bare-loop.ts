import { Database } from "bun:sqlite";
import { createHmac } from "node:crypto";

/** Numbers that a bare loop has counted since its start. */
export interface BareLoopCounts {
  readonly accepted: number;
  readonly delivered: number;
  readonly commits: number;
}

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

/**
 * Starts the bare loop: a minimal durable webhook sender in one process and one loop. It accepts,
 * commits, responds with 202, signs, sends, and commits the success. It has no indexes except the
 * primary keys, no authentication, no routing and no retries. It sends every message to all
 * `receivers`, with at most `concurrencyMax` requests at a time. `GET /` returns its counts.
 */
export function startBareLoop(
  file: string,
  concurrencyMax: number,
  receivers: readonly string[],
): { readonly url: string } {
  const loop = new BareLoop(openDatabase(file), concurrencyMax, receivers);
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request) => (request.method === "POST" ? loop.accept(request) : Response.json(loop.counts)),
  });
  return { url: `http://127.0.0.1:${server.port}` };
}

function openDatabase(file: string): Database {
  const database = new Database(file, { strict: true });
  database.run("PRAGMA journal_mode = WAL");
  database.run("PRAGMA synchronous = FULL");
  database.run("PRAGMA wal_autocheckpoint = 8000");
  database.run("CREATE TABLE message (seq INTEGER PRIMARY KEY, payload BLOB NOT NULL) STRICT");
  database.run(
    "CREATE TABLE delivery (seq INTEGER PRIMARY KEY, message_seq INTEGER NOT NULL, state INTEGER NOT NULL) STRICT",
  );
  return database;
}

const KEY = Buffer.alloc(24, "yardstick");
/** The queue is an array with a head index. It is copied when this many items before the head are done. */
const HEAD_MAX = 50_000;

class BareLoop {
  readonly counts = { accepted: 0, delivered: 0, commits: 0 };
  readonly #begin;
  readonly #end;
  readonly #insertMessage;
  readonly #insertDelivery;
  readonly #updateDelivery;
  #lastMessageSeq = 0;
  #lastDeliverySeq = 0;
  // Input of the next commit, which runs once per turn of the event loop.
  #arrived: Message[] = [];
  #succeeded: Delivery[] = [];
  #isCommitDue = false;
  #waiting: Delivery[] = [];
  #head = 0;
  #inFlight = 0;

  constructor(
    database: Database,
    private readonly concurrencyMax: number,
    private readonly receivers: readonly string[],
  ) {
    this.#begin = database.prepare("BEGIN IMMEDIATE");
    this.#end = database.prepare("COMMIT");
    this.#insertMessage = database.prepare("INSERT INTO message VALUES (?, ?)");
    this.#insertDelivery = database.prepare("INSERT INTO delivery VALUES (?, ?, 0)");
    this.#updateDelivery = database.prepare("UPDATE delivery SET state = 1 WHERE seq = ?");
  }

  async accept(request: Request): Promise<Response> {
    const body = new Uint8Array(await request.arrayBuffer());
    JSON.parse(new TextDecoder().decode(body));
    const { promise, resolve } = Promise.withResolvers<void>();
    const seq = ++this.#lastMessageSeq;
    this.#arrived.push({ seq, body, committed: resolve });
    this.#commitSoon();
    await promise;
    return new Response(`{"id":"msg_${seq}"}`, { status: 202, headers: { "content-type": "application/json" } });
  }

  #commitSoon(): void {
    if (this.#isCommitDue) return;
    this.#isCommitDue = true;
    setImmediate(() => this.#commit());
  }

  #commit(): void {
    this.#isCommitDue = false;
    const messages = this.#arrived;
    const finished = this.#succeeded;
    this.#arrived = [];
    this.#succeeded = [];
    this.#begin.run();
    for (const message of messages) this.#store(message);
    for (const { seq } of finished) this.#updateDelivery.run(seq);
    this.#end.run();
    this.counts.commits++;
    this.counts.accepted += messages.length;
    this.counts.delivered += finished.length;
    for (const message of messages) message.committed();
    this.#sendMore();
  }

  #store(message: Message): void {
    this.#insertMessage.run(message.seq, message.body);
    for (const url of this.receivers) {
      const delivery = { seq: ++this.#lastDeliverySeq, message, url };
      this.#insertDelivery.run(delivery.seq, message.seq);
      this.#waiting.push(delivery);
    }
  }

  #sendMore(): void {
    while (this.#inFlight < this.concurrencyMax && this.#head < this.#waiting.length) {
      void this.#send(this.#waiting[this.#head++]!);
    }
    if (this.#head < HEAD_MAX) return;
    this.#waiting = this.#waiting.slice(this.#head);
    this.#head = 0;
  }

  async #send(delivery: Delivery): Promise<void> {
    this.#inFlight++;
    const { body, seq } = delivery.message;
    const id = `msg_${seq}`;
    const timestamp = Math.floor(Date.now() / 1000);
    const signature = createHmac("sha256", KEY).update(`${id}.${timestamp}.`).update(body).digest("base64");
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
    this.#inFlight--;
    this.#succeeded.push(delivery);
    this.#commitSoon();
  }
}

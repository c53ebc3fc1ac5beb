import { connectForLoad, type LoadConnection } from "./client.ts";
import { Histogram } from "./histogram.ts";

/** A load that one process sends. */
export interface LoadJob {
  readonly host: string;
  readonly port: number;
  /** Path of the message route. */
  readonly path: string;
  readonly token: string;
  readonly bodyBytes: number;
  readonly connections: number;
  readonly seconds: number;
  /** Requests per second, independent of response times. Null for as many as possible. */
  readonly perSecond: number | null;
}

export interface LoadResult {
  /** Requests with a 2xx response. */
  readonly accepted: number;
  readonly failed: number;
  readonly seconds: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

export const EVENT_TYPE = "bench.measured";
const TICK_MS = 5;

/** Sends a load. At a given rate, a request waits for a free connection, and that counts as response time. */
export async function sendLoad(job: LoadJob): Promise<LoadResult> {
  const connections = await Promise.all(
    Array.from({ length: job.connections }, () => connectForLoad(job.host, job.port)),
  );
  const times = new Histogram();
  let accepted = 0;
  let failed = 0;
  const startedAt = performance.now();
  const endAt = startedAt + job.seconds * 1000;
  const request = requestOf(job);
  const sendOne = async (connection: LoadConnection, dueAt: number) => {
    const status = await connection.send(request()).catch(() => 0);
    if (status >= 200 && status < 300) accepted++;
    else failed++;
    times.add(performance.now() - dueAt);
    return status !== 0;
  };
  const work = job.perSecond === null ? closed(sendOne, endAt) : open(sendOne, endAt, job.perSecond);
  await work(connections);
  const seconds = (performance.now() - startedAt) / 1000;
  for (const connection of connections) connection.close();
  return { accepted, failed, seconds, p50Ms: times.percentile(0.5), p99Ms: times.percentile(0.99) };
}

type SendOne = (connection: LoadConnection, dueAt: number) => Promise<boolean>;
type Work = (connections: readonly LoadConnection[]) => Promise<unknown>;

/** Each connection sends its next request when it has the response to the one before. */
function closed(sendOne: SendOne, endAt: number): Work {
  const use = async (connection: LoadConnection) => {
    while (performance.now() < endAt && (await sendOne(connection, performance.now())));
  };
  return (connections) => Promise.all(connections.map(use));
}

/** Requests become due at a constant rate. */
function open(sendOne: SendOne, endAt: number, perSecond: number): Work {
  return async (connections) => {
    const free = [...connections];
    const due: number[] = [];
    const underWay = new Set<Promise<void>>();
    const sendDue = () => {
      while (due.length > 0 && free.length > 0) {
        const connection = free.pop()!;
        const sending = sendOne(connection, due.shift()!).then((isOpen) => {
          underWay.delete(sending);
          if (isOpen) free.push(connection);
          sendDue();
        });
        underWay.add(sending);
      }
    };
    for (let nextAt = performance.now(); nextAt < endAt; ) {
      for (; nextAt <= performance.now() && nextAt < endAt; nextAt += 1000 / perSecond) due.push(nextAt);
      sendDue();
      await Bun.sleep(TICK_MS);
    }
    while (underWay.size > 0) await Promise.race(underWay);
  };
}

/** Returns a function that creates requests. Each payload contains the time of its creation. */
function requestOf({ host, port, path, token, bodyBytes }: LoadJob): () => string {
  const note = "x".repeat(Math.max(0, bodyBytes - payloadOf("").length));
  return () => {
    const body = `{"eventType":"${EVENT_TYPE}","payload":${payloadOf(note)}}`;
    return `POST ${path} HTTP/1.1\r\nhost: ${host}:${port}\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  };
}

function payloadOf(note: string): string {
  return `{"sentAt":${nowMs().toFixed(3)},"note":"${note}"}`;
}

/** Returns a time that all processes of this machine share, in ms. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

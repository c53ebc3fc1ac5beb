import { connectForLoad, type LoadConnection } from "./client.ts";
import { Histogram } from "./histogram.ts";
import { nowMs, type RequestPlan, requestsOf } from "./request.ts";

/** A load that one process sends. */
export interface LoadJob {
  readonly host: string;
  readonly port: number;
  readonly requests: RequestPlan;
  readonly connections: number;
  readonly seconds: number;
  /** Requests per second, independent of response times. Null for as many as possible. */
  readonly perSecond: number | null;
  /** The load ends after this many requests. Null for no limit but the time. */
  readonly requestsMax: number | null;
}

export interface LoadResult {
  /** Messages in requests with a 2xx response. */
  readonly accepted: number;
  /** Messages in requests with another response or none. */
  readonly failed: number;
  /** Time of the first request, by `nowMs()`. */
  readonly startedAt: number;
  readonly seconds: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

const TICK_MS = 5;

/** Sends a load. At a given rate, a request waits for a free connection, and that counts as response time. */
export async function sendLoad(job: LoadJob): Promise<LoadResult> {
  const connections = await Promise.all(
    Array.from({ length: job.connections }, () => connectForLoad(job.host, job.port)),
  );
  const times = new Histogram();
  let accepted = 0;
  let failed = 0;
  let rest = job.requestsMax ?? Number.POSITIVE_INFINITY;
  const startedAt = nowMs();
  const endAt = performance.now() + job.seconds * 1000;
  const request = requestsOf(job.requests, `${job.host}:${job.port}`);
  const sendOne = async (connection: LoadConnection, dueAt: number) => {
    if (rest-- <= 0) return false;
    const status = await connection.send(request()).catch(() => 0);
    if (status >= 200 && status < 300) accepted++;
    else failed++;
    times.add(performance.now() - dueAt);
    return status !== 0;
  };
  const work = job.perSecond === null ? closed(sendOne, endAt) : open(sendOne, endAt, job.perSecond);
  await work(connections);
  const seconds = (nowMs() - startedAt) / 1000;
  for (const connection of connections) connection.close();
  const { messagesPerRequest } = job.requests;
  return {
    accepted: accepted * messagesPerRequest,
    failed: failed * messagesPerRequest,
    startedAt,
    seconds,
    p50Ms: times.percentile(0.5),
    p99Ms: times.percentile(0.99),
  };
}

/** Sends a request and resolves to whether the connection can be used again. */
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

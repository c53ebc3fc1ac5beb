import { defaultEnvironment } from "../../src/core/environment.ts";
import { Facts } from "../../src/core/facts.ts";
import { SeriesKeeper } from "../../src/deliver/tasks/series-keeper.ts";
import type { Application, Endpoint } from "../../src/store/index.ts";
import { openStore } from "../../src/store/sqlite/index.ts";
import { SeedClock, SeedRandom } from "../bench/seed/time.ts";
import { CUSTOMERS } from "./world.ts";

const MINUTE_MS = 60_000;
const DAY_MINUTES = 24 * 60;
/** Messages per customer and minute: on average, and how much that changes in the course of a day. */
const PER_MINUTE = 6;
const SWING = 4;

/** An endpoint with the share of its attempts that fail and its usual response time. */
interface Counted {
  readonly endpoint: Endpoint;
  readonly failing: number;
  readonly durationMs: number;
}

/**
 * Adds counts of the last day to the time series of the demo, so that its charts are not empty. There
 * are no messages behind them. The server must not be running.
 */
export async function writeLastDay(dataDir: string): Promise<void> {
  const endAt = Date.now();
  const clock = new SeedClock(endAt - DAY_MINUTES * MINUTE_MS);
  const store = await openStore({
    ...{ dataDir, sync: "normal", encryptionKey: null, clock, onFact: () => {}, exclusive: true },
  });
  try {
    const { seq: environmentSeq } = (await store.configuration.environments.named(defaultEnvironment))!;
    const customers: { application: Application; endpoints: readonly Counted[] }[] = [];
    for (const uid of CUSTOMERS) {
      const application = (await store.configuration.applications.find(environmentSeq, { uid }))!;
      const page = { limit: 250, from: null, backwards: false, order: "ascending" } as const;
      const { rows } = await store.configuration.endpoints.list(application.seq, page);
      customers.push({ application, endpoints: rows.map(counted) });
    }
    const facts = new Facts();
    const series = new SeriesKeeper(clock, store, facts);
    const random = new SeedRandom(1);
    for (let minute = 0; minute < DAY_MINUTES; minute++) {
      clock.at += MINUTE_MS;
      for (const customer of customers) count(facts, random, { ...customer, environmentSeq, minute });
      await series.flush();
    }
  } finally {
    await store.close();
  }
}

function counted(endpoint: Endpoint): Counted {
  const path = new URL(endpoint.url).pathname;
  const failing = { "/broken": 1, "/hangs": 1, "/recovers": 0.3 }[path] ?? 0.004;
  const durationMs = { "/slow": 1_500, "/hangs": 2_000 }[path] ?? 60;
  return { endpoint, failing, durationMs };
}

interface Minute {
  readonly application: Application;
  readonly endpoints: readonly Counted[];
  readonly environmentSeq: number;
  readonly minute: number;
}

/** Publishes what a customer's messages of one minute would have published. */
function count(facts: Facts, random: SeedRandom, { application, endpoints, environmentSeq, minute }: Minute): void {
  const share = Math.sin((minute / DAY_MINUTES) * 2 * Math.PI);
  const messages = Math.round(PER_MINUTE + SWING * share + 3 * random.next());
  const about = { messageSeq: 0, applicationSeq: application.seq, environmentSeq };
  for (let i = 0; i < messages; i++) {
    facts.state({ type: "message.accepted", ...about, eventType: "", deliveries: endpoints.length });
    for (const { endpoint, failing, durationMs } of endpoints) {
      const isFailed = random.next() < failing;
      const dies = isFailed && failing === 1 && random.oneIn(3);
      facts.state({
        ...{ type: "attempt.finished", ...about, deliverySeq: 0, attemptSeq: 0, endpointSeq: endpoint.seq },
        ...{ failedBefore: 0, was: "pending", sinceAcceptedMs: durationMs },
        reason: isFailed ? "status_5xx" : null,
        responseStatus: isFailed ? 500 : 200,
        durationMs: Math.round(durationMs * (0.6 + random.next())),
        next: dies ? "dead" : isFailed ? "pending" : "delivered",
        deadReason: dies ? "status_5xx" : null,
      });
    }
  }
}

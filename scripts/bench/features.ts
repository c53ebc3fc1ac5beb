import { median } from "../../src/bench/figures.ts";
import { alignColumns } from "../../src/bench/report.ts";
import { describeLoad } from "./load.ts";
import { type LoadFigures, measureLoad } from "./measure.ts";
import type { Options } from "./options.ts";
import { APPLICATION, createEndpoints, eventType, type Product, startProduct } from "./product.ts";
import { startReceiver } from "./receiver.ts";
import { formatNumber } from "./report.ts";
import { TemporaryDirectory } from "./resources.ts";
import { type RunningTarget, runningTarget } from "./target.ts";

const CONCURRENCY = 256;
const SHAPE = { endpoints: 1, spread: false } as const;
const ENDPOINT = `/app/${APPLICATION}/endpoint/ep-0`;

/** A condition that all messages of the bench meet, as most filters have it. */
const FILTER = { payload: { amount: { $gte: 100 }, currency: { $in: ["eur", "usd"] } } };

const CODE = `function handler(webhook) {
  webhook.payload.total = webhook.payload.amount / 100 + " " + webhook.payload.currency.toUpperCase();
  webhook.headers["x-lines"] = String(webhook.payload.lines.length);
  return webhook;
}`;

const SCHEMA = {
  type: "object",
  required: ["id", "amount", "currency", "lines"],
  properties: {
    id: { type: "string", pattern: "^evt_[0-9a-z]{3,30}$" },
    amount: { type: "integer", minimum: 0 },
    currency: { enum: ["eur", "usd", "gbp"] },
    lines: { type: "array", items: { type: "integer" }, maxItems: 1000 },
    note: { type: "string" },
  },
};

/** What is set up for each row, by name. All have one endpoint that gets all messages. */
const FEATURES: Readonly<Record<string, (server: Product) => Promise<unknown>>> = {
  none: async () => {},
  filter: (server) => server.call("PATCH", ENDPOINT, { filter: FILTER }),
  transformation: (server) => server.call("PATCH", `${ENDPOINT}/transformation`, { code: CODE, enabled: true }),
  schema: (server) =>
    server.call("POST", "/event-type", {
      name: eventType(0),
      description: "",
      validation: "reject",
      schemas: { "1": SCHEMA },
    }),
  batch: (server) => server.call("PATCH", ENDPOINT, { batch: { maxMessages: 100, maxWaitMs: 1000 } }),
};

interface FeatureRun extends LoadFigures {
  readonly feature: string;
  readonly round: number;
}

/** Loads the product with each feature once per round, and prints the figures side by side. */
export async function features(options: Options, executable: string): Promise<{ readonly runs: FeatureRun[] }> {
  await using receiver = await startReceiver(options.receiver);
  console.log(`receiver: ${receiver.name}; load: ${describeLoad(options.load)}`);
  const { connections, seconds, warmupSeconds, payloadBytes, rounds } = options;
  console.log(
    `${connections} connections, ${seconds} s after ${warmupSeconds} s of warm-up, payloads of ${payloadBytes} bytes\n`,
  );
  const runs: FeatureRun[] = [];
  for (let round = 1; round <= rounds; round++) {
    for (const [feature, setUp] of Object.entries(FEATURES)) {
      using directory = new TemporaryDirectory();
      await using server = await startProduct(executable, directory.file("data"));
      await createEndpoints(server, { receiverUrl: receiver.url, concurrency: CONCURRENCY, ...SHAPE });
      await setUp(server);
      const figures = await measureLoad(targetOf(server, feature), { ...options, receiver, shape: SHAPE });
      runs.push({ feature, round, ...figures });
      const failures = figures.failed === 0 ? "" : `; ${figures.failed} requests failed`;
      console.log(`round ${round} ${feature}: ${figures.delivered} delivered, ${figures.received} requests${failures}`);
    }
  }
  console.log(`\n${table(runs, seconds)}`);
  return { runs };
}

function targetOf(server: Product, feature: string): RunningTarget {
  const target = runningTarget(server);
  return feature === "batch" ? { ...target, isBatched: true } : target;
}

function table(runs: readonly FeatureRun[], seconds: number): string {
  const rows = [...Map.groupBy(runs, ({ feature }) => feature)].map(([feature, own]) => {
    const of = (figure: (run: FeatureRun) => number, digits: number) => formatNumber(median(own.map(figure)), digits);
    return [
      feature,
      of(({ answered }) => answered / seconds, 0),
      of(({ deliveredPerSecond }) => deliveredPerSecond, 0),
      of(({ cpuMicrosPerDelivered }) => cpuMicrosPerDelivered, 1),
      of(({ acceptP50Ms }) => acceptP50Ms, 2),
      of(({ acceptP99Ms }) => acceptP99Ms, 2),
      of(({ memoryPeakMb }) => memoryPeakMb, 0),
    ];
  });
  const labels = [
    "accepted/s",
    "delivered/s",
    "CPU per message, µs",
    "accept p50, ms",
    "accept p99, ms",
    "peak memory, MB",
  ];
  return alignColumns([["", ...labels], ...rows]);
}

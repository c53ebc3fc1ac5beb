import type { DatabaseState } from "../store/index.ts";
import { addGauge } from "./gauge.ts";
import type { Registry } from "./prom-client.ts";

type Value = (state: DatabaseState) => number;

/** Each metric with its value, and the value that it has with SQLite. */
const METRICS: ReadonlyArray<readonly [name: string, help: string, value: Value, withSqlite: number]> = [
  [
    "boathook_instances",
    "Instances that are alive and deliver from the same database. 1 with SQLite.",
    ({ instances }) => instances.filter(({ isAlive, isServing }) => isAlive && isServing).length,
    1,
  ],
  [
    "boathook_lane_share_ratio",
    "Share of all lanes that this instance serves. 1 with SQLite.",
    ({ instances, shares }) => (instances.find(({ isSelf }) => isSelf)?.shares ?? 0) / shares.total,
    1,
  ],
  [
    "boathook_lanes_unserved_ratio",
    "Share of all lanes that no live instance serves. 0 with SQLite.",
    ({ shares }) => 1 - shares.served / shares.total,
    0,
  ],
  [
    "boathook_queue_dead_rows",
    "Rows of deliveries that no longer wait and that PostgreSQL has not removed yet. 0 with SQLite.",
    ({ tables }) => tables.find(({ name }) => name === "pending")?.dead ?? 0,
    0,
  ],
  [
    "boathook_database_snapshot_age_seconds",
    "Age of the oldest session or prepared transaction that keeps PostgreSQL from removing dead rows. 0 with SQLite.",
    ({ holders }) => Math.max(0, ...holders.map(({ ageMs }) => ageMs ?? 0)) / 1000,
    0,
  ],
  [
    "boathook_database_snapshot_age_transactions",
    "The same, also of replication slots and standby servers, as the number of transactions since then. 0 with SQLite.",
    ({ holders }) => Math.max(0, ...holders.map(({ transactions }) => transactions)),
    0,
  ],
  [
    "boathook_database_transaction_age_seconds",
    "Age of the oldest transaction of any client of the database. 0 with SQLite.",
    ({ transactions }) => transactions.oldestMs / 1000,
    0,
  ],
  [
    "boathook_database_connections_free",
    "Connections that PostgreSQL still accepts from the user of this instance. NaN with SQLite.",
    ({ connections }) => connections.free,
    Number.NaN,
  ],
];

/** Adds metrics of PostgreSQL and the instances that use it. `read` is absent with SQLite. */
export function addDatabaseMetrics(registry: Registry, read: (() => Promise<DatabaseState>) | undefined): void {
  const state = read === undefined ? undefined : shared(read);
  for (const [name, help, value, withSqlite] of METRICS) {
    addGauge(registry, name, help, state === undefined ? () => withSqlite : async () => value(await state()));
  }
}

/** Returns a function whose concurrent calls share one reading, because all metrics are read at once. */
function shared<T>(read: () => Promise<T>): () => Promise<T> {
  let reading: Promise<T> | null = null;
  return () => {
    reading ??= read().finally(() => {
      reading = null;
    });
    return reading;
  };
}

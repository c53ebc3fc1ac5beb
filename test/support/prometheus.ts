import { writeFileSync } from "node:fs";
import { ofData } from "../../src/cli/monitoring/of-data.ts";
import { rulesText } from "../../src/cli/monitoring/rules.ts";
import { until } from "./delivery.ts";
import { freePort } from "./free-port.ts";
import { temporaryDirectory } from "./temporary.ts";

/** The program, if it is installed. */
export const prometheus = Bun.which("prometheus");

export interface Prometheus extends AsyncDisposable {
  /** Returns the names of the firing alerts. */
  firing(): Promise<string[]>;
  /** Returns the names of the alerts that fire or have fired within this time, in seconds. */
  fired(seconds: number): Promise<string[]>;
  /** Returns the labels of each series of a query. */
  series(query: string): Promise<ReadonlyArray<Readonly<Record<string, string>>>>;
  /** Returns the summaries of the alerts with a name that fire. */
  summaries(alert: string): Promise<string[]>;
}

interface FiringAlert {
  readonly state: string;
  readonly labels: { readonly alertname: string };
  readonly annotations: { readonly summary: string };
}

const FIRING = 'ALERTS{alertstate="firing"}';

/** Lower limits, so that the causes stay small and other programs on this machine are no cause. */
const LIMITS: ReadonlyArray<readonly [from: string, to: string]> = [
  ["boathook_oldest_due_age_seconds > 300", "boathook_oldest_due_age_seconds > 1"],
  ["boathook_replica_lag_seconds > 30", "boathook_replica_lag_seconds > 1"],
  [
    `${ofData("max", "boathook_database_snapshot_age_seconds")} > 600`,
    `${ofData("max", "boathook_database_snapshot_age_seconds")} > 1`,
  ],
  [`${ofData("max", "boathook_queue_dead_rows")} > 200000`, `${ofData("max", "boathook_queue_dead_rows")} > 20`],
  ["boathook_disk_free_bytes < 1e9", "boathook_disk_free_bytes < 2e6"],
  ["predict_linear(boathook_disk_free_bytes[4s], 86400)", "predict_linear(boathook_disk_free_bytes[4s], 10)"],
];

/** Returns the printed rules with short windows and waits, and lower limits. */
function quickRules(): string {
  let text = rulesText("boathook")
    .replace(/for: \d+[mh]$/gm, "for: 1s")
    .replace(/\[(?:5m|15m|6h)\]/g, "[4s]");
  for (const [from, to] of LIMITS) {
    if (!text.includes(from)) throw new Error(`The rules lack ${from}.`);
    text = text.replace(from, to);
  }
  return text;
}

/** Starts a Prometheus that scrapes these servers. Resolves when it has seen each of them twice. */
export async function startPrometheus(servers: readonly string[]): Promise<Prometheus> {
  const dir = temporaryDirectory();
  const url = `http://127.0.0.1:${freePort()}`;
  writeFileSync(dir.file("rules.yml"), quickRules());
  const targets = servers.map((server) => new URL(server).host);
  const times = { scrape_interval: "500ms", scrape_timeout: "500ms", evaluation_interval: "500ms" };
  const config = {
    global: times,
    scrape_configs: [{ job_name: "boathook", static_configs: [{ targets }] }],
    rule_files: [dir.file("rules.yml")],
  };
  writeFileSync(dir.file("prometheus.yml"), JSON.stringify(config));
  const child = Bun.spawn(
    [
      prometheus!,
      `--config.file=${dir.file("prometheus.yml")}`,
      `--storage.tsdb.path=${dir.file("data")}`,
      `--web.listen-address=${new URL(url).host}`,
    ],
    { stdout: "ignore", stderr: "ignore" },
  );
  const ready = () =>
    fetch(`${url}/-/ready`).then(
      ({ status }) => status,
      () => 0,
    );
  await until(ready, (status) => status === 200);
  const results = async (query: string) => {
    const response = await fetch(`${url}/api/v1/query?${new URLSearchParams({ query })}`);
    const { data } = (await response.json()) as { data: { result: { metric: Record<string, string> }[] } };
    return data.result;
  };
  const alertsIn = async (query: string) => {
    const found = await results(query);
    return [...new Set(found.map(({ metric }) => metric.alertname!))].sort();
  };
  // The later changes must be visible as changes of values.
  await until(
    () => results("sum_over_time(up[1m]) > 2"),
    (found) => found.length === targets.length,
  );
  return {
    firing: () => alertsIn(FIRING),
    fired: (seconds) => alertsIn(`last_over_time(${FIRING}[${seconds}s])`),
    series: async (query) => (await results(query)).map(({ metric }) => metric),
    async summaries(alert) {
      const response = await fetch(`${url}/api/v1/alerts`);
      const { data } = (await response.json()) as { data: { alerts: FiringAlert[] } };
      const found = data.alerts.filter(({ labels, state }) => labels.alertname === alert && state === "firing");
      return found.map(({ annotations }) => annotations.summary);
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.exited;
      dir[Symbol.dispose]();
    },
  };
}

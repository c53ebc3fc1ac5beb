import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withMetricsTable } from "../../scripts/metrics-table.ts";
import { ALERTS } from "../../src/cli/monitoring/alerts.ts";
import { dashboard, ROWS } from "../../src/cli/monitoring/dashboard.ts";
import { rulesText } from "../../src/cli/monitoring/rules.ts";
import { fromSources, ROOT, run } from "../support/binary.ts";
import { type Installation, install } from "../support/installation.ts";

/** Tests the alert rules and the board: that their metrics exist, and that each alert fires and ends. */

const promtool = Bun.which("promtool");

let boathook: Installation;
let metrics: string;
let directory: string;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "boathook-rules-"));
  boathook = await install();
  metrics = await (await fetch(`${boathook.url}/metrics`)).text();
});
afterAll(async () => {
  await boathook[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});

/** Metrics without a series until their first request, because their labels are not known before. */
const APPEAR_LATER: ReadonlySet<string> = new Set(["boathook_api_requests_total", "boathook_received_total"]);

/** Checks that a fresh server has a series of each metric in an expression. */
function expectMetricsOf(expr: string): void {
  const names = expr.match(/\b(?:boathook|process)_\w+/g) ?? [];
  for (const name of names) {
    const isThere = new RegExp(`^${name}(\\{.*\\})? \\S+$`, "m").test(metrics);
    const isKnown = metrics.includes(`# TYPE ${name} `) && APPEAR_LATER.has(name);
    expect([name, isThere || isKnown]).toEqual([name, true]);
  }
}

test("a fresh server has each metric of the alert rules", () => {
  for (const { expr } of ALERTS) expectMetricsOf(expr);
});

test("a fresh server has each metric of the board, and the queries of the board are valid", async () => {
  const { panels, templating } = dashboard();
  const queries = panels.flatMap((panel) => (panel.type === "row" ? [] : panel.targets)).map(({ expr }) => expr);
  expect(queries.length).toBeGreaterThan(20);
  for (const query of queries) expectMetricsOf(query);
  for (const { query } of templating.list) expectMetricsOf(JSON.stringify(query));
  if (promtool === null) return;
  // Prometheus does not know Grafana's variables.
  const rules = queries.map((query, index) => ({
    record: `board:${index}`,
    expr: query.replaceAll("$__rate_interval", "1m").replaceAll("$instance", ".*"),
  }));
  const file = join(directory, "board.yml");
  writeFileSync(file, JSON.stringify({ groups: [{ name: "board", rules }] }));
  expect(await promtoolSays("check", "rules", file)).toContain(`SUCCESS: ${queries.length} rules found`);
});

test("the guide describes exactly the metrics of a fresh server, with type and meaning", async () => {
  const page = await Bun.file(join(ROOT, "web/guide/pages/metrics.md")).text();
  expect(page).toBe(withMetricsTable(page));
  const described = [...page.matchAll(/^\| `(\w+)` \| (\w+) \| .*? \| (.*?) \| .* \|$/gm)].map(([, ...row]) =>
    row.join(" | "),
  );
  const served = [...metrics.matchAll(/^# HELP (\w+) (.*)\n# TYPE \w+ (\w+)$/gm)].map(([, name, help, type]) =>
    [name, type, help].join(" | "),
  );
  expect(served.length).toBeGreaterThan(30);
  expect(described.sort()).toEqual(served.sort());
  // The labels of the series that a fresh server has.
  for (const [, name, labels] of metrics.matchAll(/^(\w+)\{(.*)\} /gm)) {
    const row = page.split("\n").find((line) => line.startsWith(`| \`${name!.replace(/_bucket$/, "")}\` |`));
    for (const [, label] of labels!.matchAll(/(\w+)="/g)) if (label !== "le") expect(row).toContain(`\`${label}\``);
  }
});

test("each panel of the board has its place, an own number and a description", () => {
  const { panels } = dashboard();
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  expect(new Set(panels.map(({ gridPos: { x, y } }) => `${x} ${y}`)).size).toBe(panels.length);
  const shown = panels.flatMap((panel) => (panel.type === "row" ? [] : [panel]));
  for (const { title, description } of shown) expect([title, description.endsWith(".")]).toEqual([title, true]);
  expect(new Set(shown.map(({ title }) => title)).size).toBe(shown.length);
});

test("`boathook rules` and `boathook dashboard` print what the program has, and need no data directory", async () => {
  // The text also has what `replaceAll` would replace.
  const rules = await run(fromSources, ["rules", "--job", 'a "job"\n$& $` $$']);
  expect(rules).toMatchObject({ code: 0, stdout: rulesText('a "job"\n$& $` $$'), stderr: "" });
  expect(rules.stdout).toContain(JSON.stringify('up{job="a \\"job\\"\\n$& $` $$"} == 0'));
  const board = await run(fromSources, ["dashboard"]);
  expect(JSON.parse(board.stdout)).toEqual(JSON.parse(JSON.stringify(dashboard())));
  expect(board).toMatchObject({ code: 0, stderr: "" });
});

async function promtoolSays(...args: string[]): Promise<string> {
  const child = Bun.spawn([promtool!, ...args], { stdout: "pipe", stderr: "pipe" });
  const [out, error, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (code !== 0) throw new Error(out + error);
  return out;
}

/**
 * For each alert, series with one value a minute: at first all is well, then the alert's condition
 * holds for 100 minutes, then all is well again.
 */
const GAUGE = (bad: number, good = 0) => `${good}x10 ${bad}x100 ${good}x100`;
const COUNTER = "0x10 5+5x100 505x100";
const GROWING = "0x10 1+1x100 101x100";
/** Buckets of which only those above the limit count while all is bad. */
const slow = (metric: string, limits: readonly string[], isFast: (limit: string) => boolean) =>
  limits.map((le) => [`${metric}_bucket{instance="a",le="${le}"}`, isFast(le) ? "0x210" : COUNTER] as const);

const SERIES: Readonly<Record<string, readonly (readonly [series: string, values: string])[]>> = {
  BoathookDown: [['up{job="boathook",instance="a"}', GAUGE(0, 1)]],
  BoathookStoreFailing: [['boathook_commits_failed_total{instance="a"}', COUNTER]],
  BoathookDeliveriesLate: [['boathook_oldest_due_age_seconds{instance="a"}', GAUGE(301)]],
  BoathookDeliveriesHeld: [['boathook_delivery_held{instance="a"}', GAUGE(1)]],
  BoathookBackupOverdue: [['boathook_backup_overdue{instance="a"}', GAUGE(1)]],
  BoathookReplicaFailing: [['boathook_replica_up{instance="a"}', GAUGE(0, 1)]],
  BoathookReplicaBehind: [['boathook_replica_lag_seconds{instance="a"}', GAUGE(31)]],
  BoathookLanesUnserved: [['boathook_lanes_unserved_ratio{instance="a"}', GAUGE(0.5)]],
  BoathookSnapshotOld: [['boathook_database_snapshot_age_seconds{instance="a"}', GAUGE(601)]],
  BoathookQueueBloated: [['boathook_queue_dead_rows{instance="a"}', GAUGE(200_001)]],
  BoathookConnectionsShort: [['boathook_database_connections_free{instance="a"}', GAUGE(4, 80)]],
  BoathookEnvironmentPaused: [['boathook_environments_paused{instance="a"}', GAUGE(1)]],
  BoathookDeadLettersGrowing: [['boathook_dead_letters{instance="a"}', GROWING]],
  BoathookEndpointsFailing: [['boathook_endpoints{instance="a",state="failing"}', GAUGE(1)]],
  BoathookEndpointDisabled: [['boathook_endpoints{instance="a",state="disabled"}', GROWING]],
  BoathookShortage: [['boathook_local_shortage{instance="a",resource="memory"}', GAUGE(1)]],
  BoathookDiskAlmostFull: [['boathook_disk_free_bytes{instance="a"}', GAUGE(9e8, 5e12)]],
  BoathookDiskFillsUp: [['boathook_disk_free_bytes{instance="a"}', "9e12x10 9e12-1e10x100 5e13x100"]],
  BoathookCommitsSlow: slow("boathook_commit_duration_seconds", ["0.5", "1", "+Inf"], (le) => le === "0.5"),
  // The time of the test begins with the Unix epoch.
  BoathookCertificateEnds: [
    ['boathook_certificate_not_after_seconds{instance="a",certificate="ca"}', GAUGE(1e6, 1e7)],
    ['boathook_certificate_not_after_seconds{instance="a",certificate="client"}', "0x210"],
  ],
  BoathookApiErrors: [['boathook_api_errors_total{instance="a"}', COUNTER]],
  BoathookReceivedRefused: [
    ['boathook_received_total{instance="a",source="hub",outcome="refused"}', COUNTER],
    ['boathook_received_total{instance="a",source="hub",outcome="stored"}', "0+1x210"],
  ],
  BoathookSourceDisconnected: [['boathook_source_connections{instance="a",state="failed"}', GAUGE(2)]],
  BoathookEventLoopSlow: slow("boathook_event_loop_lag_seconds", ["0.25", "0.5", "+Inf"], (le) => le === "0.25"),
  BoathookSpansDropped: [['boathook_spans_dropped_total{instance="a"}', COUNTER]],
  BoathookLogLinesDropped: [['boathook_log_lines_dropped_total{instance="a"}', COUNTER]],
};

/** Alerts about what is in the database, which fire once for all instances that share it. */
const ONCE: ReadonlySet<string> = new Set([
  ...["BoathookDeliveriesHeld", "BoathookLanesUnserved", "BoathookSnapshotOld", "BoathookQueueBloated"],
  ...["BoathookConnectionsShort", "BoathookEnvironmentPaused", "BoathookDeadLettersGrowing"],
  ...["BoathookEndpointsFailing", "BoathookEndpointDisabled", "BoathookCertificateEnds"],
]);
const INFO = [['boathook_build_info{instance="a",data="1",shard=""}', "1x210"]] as const;
/** The series of two instances that report the same. */
const ofBoth = ([series, values]: readonly [string, string]) =>
  ["a", "b"].map((name) => ({ series: series.replace('instance="a"', `instance="${name}"`), values }));

describe.if(promtool !== null)("the alert rules in promtool", () => {
  test("the alert rules that boathook rules prints are valid", async () => {
    const file = join(directory, "rules.yml");
    writeFileSync(file, rulesText("boathook"));
    expect(await promtoolSays("check", "rules", file)).toContain(`SUCCESS: ${ALERTS.length} rules found`);
  });

  test("the board counts once what instances of one database report, and adds up shards", async () => {
    const series = [
      ["a", 'data="1",shard=""', 5],
      ["b", 'data="1",shard=""', 6],
      ["c", 'data="2",shard="eu"', 30],
      ["d", 'data="2",shard="us"', 200],
    ] as const;
    const of = (metric: string, instance: string, labels = "") =>
      `${metric}{job="boathook",instance="${instance}"${labels}}`;
    const expr = ROWS.flatMap(({ panels }) => panels).find(({ title }) => title === "Waiting")!.series[0]!.expr;
    const selecting = (instances: string, value: number) => ({
      expr: expr.replaceAll("$instance", instances),
      eval_time: "0m",
      exp_samples: [{ labels: "{}", value }],
    });
    const input = series.flatMap(([instance, labels, pending]) => [
      { series: of("boathook_deliveries_pending", instance), values: String(pending) },
      { series: of("boathook_build_info", instance, `,version="1",${labels}`), values: "1" },
    ]);
    const queries = [selecting(".*", 236), selecting("b", 6)];
    const file = join(directory, "board-test.yml");
    writeFileSync(
      file,
      JSON.stringify({ tests: [{ interval: "1m", input_series: input, promql_expr_test: queries }] }),
    );
    expect(await promtoolSays("test", "rules", file)).toContain("SUCCESS");
  });

  test("every alert has a test", () => {
    expect(Object.keys(SERIES).sort()).toEqual(ALERTS.map(({ name }) => name).sort());
  });

  /** Expects an alert to fire so often while the series of two instances say so, and not before and after. */
  async function expectFiring(name: string, series: (typeof SERIES)[string], times: number): Promise<void> {
    writeFileSync(join(directory, "boathook.yml"), rulesText("boathook"));
    const firing = `count(ALERTS{alertname="${name}",alertstate="firing"}) or vector(0)`;
    const at = (eval_time: string, value: number) => ({
      expr: firing,
      eval_time,
      exp_samples: [{ labels: "{}", value }],
    });
    const document = {
      rule_files: ["boathook.yml"],
      evaluation_interval: "1m",
      tests: [
        {
          interval: "1m",
          input_series: [...INFO, ...series].flatMap(ofBoth),
          promql_expr_test: [at("9m", 0), at("100m", times), at("180m", 0)],
        },
      ],
    };
    const file = join(directory, `${name}.yml`);
    writeFileSync(file, JSON.stringify(document));
    expect(await promtoolSays("test", "rules", file)).toContain("SUCCESS");
  }

  test.each(ALERTS.map(({ name }) => name))(
    "%s is silent at first, fires as often as it should, and ends",
    async (name) => {
      await expectFiring(name, SERIES[name]!, ONCE.has(name) ? 1 : 2);
    },
  );

  test("an alert about certificates fires for each kind of shared ones, and for the own one of each instance", async () => {
    const ends = ["ca", "client", "server"].map(
      (kind) =>
        [`boathook_certificate_not_after_seconds{instance="a",certificate="${kind}"}`, GAUGE(1e6, 1e7)] as const,
    );
    await expectFiring("BoathookCertificateEnds", ends, 4);
  });
});

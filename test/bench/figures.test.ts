import { expect, test } from "bun:test";
import { join } from "node:path";
import { PUBLISHED, publishedResult, withFigures } from "../../scripts/bench/readme.ts";
import { chartsOf } from "../../src/bench/charts.ts";
import { comparison } from "../../src/bench/compare.ts";
import { type Figure, isMet, ratioOf, spreadOf } from "../../src/bench/figures.ts";
import { benchReport, markdownTable } from "../../src/bench/report.ts";
import { requestsOf } from "../../src/bench/request.ts";
import { type BenchResult, parseResult } from "../../src/bench/result.ts";
import { scenarios } from "../../src/bench/scenarios/index.ts";
import { selected } from "../../src/bench/selection.ts";
import { barChart } from "../../src/bench/svg.ts";
import { ROOT } from "../support/binary.ts";
import { readReadme } from "../support/readme.ts";

const FIGURE: Figure = {
  name: "delivered",
  unit: "/s",
  values: [1200, 900, 1000],
  reference: { name: "bare loop", values: [1000, 1000, 500] },
  target: { ratioMin: 1 },
};

const RESULT: BenchResult = {
  ...{ version: "1.2.3", machine: "2 × CPU", isShared: false, measuredAt: "2026-01-02T03:04:05.678Z" },
  ...{ seconds: 5, rounds: 3, size: null },
  scenarios: [
    { name: "one-endpoint", title: "one endpoint", figures: [FIGURE, { ...FIGURE, name: "p99", unit: "ms" }] },
    {
      name: "history",
      title: "history",
      figures: [{ ...FIGURE, name: "memory", unit: "MB", reference: null, target: { valueMax: 250 }, values: [260.4] }],
      series: [{ name: "Boathook", points: [[1000, 50.25]] }],
    },
  ],
};

test("a ratio is the median of the ratios of each round, and a figure the median of its rounds", () => {
  expect(ratioOf(FIGURE)).toEqual({ median: 1.2, min: 0.9, max: 2 });
  expect(spreadOf(FIGURE.values)).toEqual({ median: 1000, min: 900, max: 1200 });
  expect(spreadOf([1, null])).toBeNull();
  expect(ratioOf({ ...FIGURE, reference: { name: "bare loop", values: [0, 1, 1] } })).toBeNull();
});

test("a target is met if one of its bounds holds, and unknown figures neither meet nor miss it", () => {
  const withTarget = (target: Figure["target"]) => isMet({ ...FIGURE, target });
  expect(withTarget({ ratioMin: 1.2 })).toBeTrue();
  expect(withTarget({ ratioMin: 1.21 })).toBeFalse();
  expect(withTarget({ ratioMax: 1.2 })).toBeTrue();
  expect(withTarget({ ratioMax: 1.1 })).toBeFalse();
  expect(withTarget({ ratioMax: 1.1, valueMax: 1000 })).toBeTrue();
  expect(withTarget({ ratioMax: 1.1, valueMax: 999 })).toBeFalse();
  expect(withTarget(null)).toBeNull();
  expect(isMet({ ...FIGURE, values: [null, 1, 1] })).toBeNull();
  expect(isMet({ ...FIGURE, reference: { name: "bare loop", values: [null, null, null] } })).toBeNull();
});

test("the report has each figure with its range, its reference, its ratio, its target and whether it is met", () => {
  const lines = benchReport(RESULT).split("\n");
  expect(lines[0]).toBe("Boathook 1.2.3; 2 × CPU; 2026-01-02; 5 s per load, rounds: 3");
  expect(lines[2]).toBe("one-endpoint: one endpoint");
  expect(lines[4]!.split(/ {2,}/)).toEqual([
    ...["delivered", "1,000/s (900–1,200)", "1,000/s (500–1,000) (bare loop)", "1.20 (0.90–2.00)", "≥ 1 ×", "met"],
  ]);
  expect(lines[9]!.split(/ {2,}/)).toEqual(["memory", "260 MB", "≤ 250 MB", "missed"]);
  expect(lines.at(-1)).toBe("Targets: 2 met, 1 missed.");
  expect(benchReport({ ...RESULT, size: 20_000 })).toContain("scenarios prepared only 20,000 messages");
  expect(benchReport({ ...RESULT, isShared: true })).toContain("Other programs used the machine");
});

test("a scenario that this machine cannot run is reported as not measured, and has no row and no chart", () => {
  const none: BenchResult = { ...RESULT, scenarios: [{ name: "cores", title: "cores", figures: [] }] };
  expect(benchReport(none)).toContain("cores: cores\nnot measured");
  expect(markdownTable(none.scenarios).split("\n")).toHaveLength(2);
  expect(chartsOf(none)).toEqual([]);
});

test("the Markdown table names a scenario only in its first row", () => {
  const rows = markdownTable(RESULT.scenarios).split("\n");
  expect(rows.slice(2).map((row) => row.split("|")[1]!.trim())).toEqual(["one endpoint", "", "history"]);
});

test("a comparison has the change of each figure that both results have", () => {
  const now: BenchResult = {
    ...RESULT,
    scenarios: [{ name: "one-endpoint", title: "", figures: [{ ...FIGURE, values: [1100] }] }],
  };
  expect(comparison(RESULT, now).split("\n").at(-1)!.split(/ {2,}/)).toEqual([
    ...["one-endpoint: delivered", "1,000/s", "1,100/s", "+10.0 %"],
  ]);
  expect(comparison({ ...RESULT, scenarios: [] }, now)).toContain("The results have no figure in common.");
});

test("a text that is not a result of a bench is refused", () => {
  expect(parseResult(JSON.stringify(RESULT))).toEqual(RESULT);
  for (const text of ["", "null", "[]", '{"machine":"a"}', '{"machine":1,"scenarios":[]}']) {
    expect(() => parseResult(text)).toThrow();
  }
});

test("scenarios run in their usual order, and those that prepare much only when they are named", () => {
  const names = (chosen: ReturnType<typeof selected>) =>
    typeof chosen === "string" ? chosen : chosen.map(({ name }) => name);
  expect(names(selected(scenarios, ["latency", "one-endpoint"]))).toEqual(["one-endpoint", "latency"]);
  expect(names(selected(scenarios, []))).not.toContain("backlog");
  expect(names(selected(scenarios, ["backlog"]))).toEqual(["backlog"]);
  expect(selected(scenarios, [], true)).toBe(scenarios);
  expect(selected(scenarios, ["none"])).toBe("There is no scenario none. boathook bench --list prints all.");
  expect(selected(scenarios, ["idle"], true)).toBe("Give either names of scenarios or --all.");
  expect(new Set(scenarios.map(({ name }) => name)).size).toBe(scenarios.length);
});

test("requests go through all applications and event types, and no two have the same number", () => {
  const plan = { path: "/{app}", headers: { key: "{n}" }, body: "{type}", applications: 2, types: 2 };
  const next = requestsOf({ ...plan, messagesPerRequest: 1 }, "host");
  const sent = Array.from({ length: 5 }, next);
  const places = sent.map((text) => `${/^POST (\S+)/.exec(text)![1]} ${text.at(-1)}`);
  expect(places).toEqual(["/0 0", "/1 0", "/0 1", "/1 1", "/0 0"]);
  expect(new Set(sent.map((text) => /key: (\d{16})\r/.exec(text)![1])).size).toBe(5);
});

test("a request states the length of its body, and a batch has its messages in one body", () => {
  const plan = { path: "/", headers: {}, body: '{"a":{at}}', applications: 1, types: 1 };
  const [head, body] = requestsOf({ ...plan, messagesPerRequest: 3 }, "host")().split("\r\n\r\n") as [string, string];
  expect(head).toEndWith(`content-length: ${body.length}`);
  expect((JSON.parse(body) as { messages: { a: number }[] }).messages.map(({ a }) => typeof a)).toEqual(
    Array(3).fill("number"),
  );
});

test("charts have a title, a description with all values, and both colour schemes", () => {
  const charts = chartsOf(RESULT);
  expect(charts.map(({ file }) => file)).toEqual(["throughput.svg", "latency.svg", "history.svg"]);
  for (const { svg, title } of charts) {
    expect(svg).toContain(`<title id="title">${title}</title>`);
    expect(svg).toContain("prefers-color-scheme: dark");
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
  }
  expect(charts[0]!.svg).toContain(">one-endpoint: 1,000/s (Boathook), 1,000/s (bare loop).</desc>");
  expect(charts[2]!.svg).toContain(">Boathook: 50.3 µs at 1,000.</desc>");
  expect(chartsOf({ ...RESULT, scenarios: [] })).toEqual([]);
});

test("texts in charts are escaped", () => {
  const bars = [{ name: "<b>", isOwn: true, value: 1, text: '"&"' }];
  const svg = barChart({ title: "a < b", description: "&" }, [{ label: "<x>", bars }]);
  expect(svg).toContain("a &lt; b");
  expect(svg).toContain("&quot;&amp;&quot;  &lt;b&gt;");
  expect(svg).not.toContain("<x>");
});

test("the README and its charts have the figures of the repository; `bun run bench readme` updates them", async () => {
  const result = await publishedResult();
  const readme = await readReadme();
  expect(withFigures(readme, result)).toBe(readme);
  for (const { file, svg } of chartsOf(result)) {
    expect({ file, text: await Bun.file(join(ROOT, PUBLISHED, file)).text() }).toEqual({ file, text: svg });
  }
});

import { useMemo } from "preact/hooks";
import type { Timeseries } from "../../../src/api/types.ts";
import { address, linkWith } from "../../kit/address.ts";
import { formatCount, formatDuration } from "../../kit/format.ts";
import { Chart, type Series, usePlot } from "../../kit/parts/chart.tsx";
import { Read, Section } from "../../kit/parts/section.tsx";
import { Tabs } from "../../kit/parts/tabs.tsx";
import { type EndpointKey, getSeries } from "../api/endpoints.ts";
import { useResource } from "../resource.ts";
import style from "./endpoint.module.css";
import { RANGES, rangeOf } from "./range.ts";

/** Shows the attempts and response times of an endpoint over time. */
export function Health({ of }: { of: EndpointKey }) {
  usePlot();
  const range = rangeOf(address.value.query.range);
  const series = useResource(
    `${of.app} ${of.endpoint} ${range.name}`,
    (signal) => getSeries(of, range.step, range.spanMs, signal),
    ["deliveries"],
  );
  const tabs = RANGES.map(({ name, label }) => ({
    title: label,
    href: linkWith({ range: name === RANGES[0].name ? null : name }),
    isCurrent: name === range.name,
  }));
  return (
    <Section title="Health">
      <Tabs label="Range of time" tabs={tabs} />
      <Read of={series} lines={4}>
        {(known) => <Charts series={known} />}
      </Read>
    </Section>
  );
}

function Charts({ series }: { series: Timeseries }) {
  const shown = useMemo(() => chartsOf(series), [series]);
  const total = series.data.reduce((sum, { attempts }) => sum + attempts, 0);
  if (total === 0) return <p class="muted">No attempts in this time.</p>;
  return (
    <div class={style.charts}>
      <Chart label="Attempts per period" atMs={shown.atMs} series={shown.attempts} format={formatCount} />
      <Chart label="Response time" atMs={shown.atMs} series={shown.times} format={formatDuration} />
    </div>
  );
}

function chartsOf({ data }: Timeseries) {
  const line = (label: string, tone: Series["tone"], read: (point: (typeof data)[number]) => number | null) => ({
    label,
    tone,
    values: data.map(read),
  });
  return {
    atMs: data.map(({ startAt }) => Date.parse(startAt)),
    attempts: [line("succeeded", "good", ({ delivered }) => delivered), line("failed", "bad", ({ failed }) => failed)],
    times: [line("p50", "accent", ({ p50Ms }) => p50Ms), line("p95", "wait", ({ p95Ms }) => p95Ms)],
  };
}

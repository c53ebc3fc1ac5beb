import { computed } from "@preact/signals";
import { useMemo } from "preact/hooks";
import type { Timeseries } from "../../../src/api/types.ts";
import { address, linkWith } from "../../kit/address.ts";
import { now } from "../../kit/clock.ts";
import { formatCount, formatDecimal, formatDuration } from "../../kit/format.ts";
import { Chart, type Series, usePlot } from "../../kit/parts/chart.tsx";
import { Instant } from "../../kit/parts/instant.tsx";
import { Read, Section } from "../../kit/parts/section.tsx";
import { Tabs } from "../../kit/parts/tabs.tsx";
import { useReading } from "../../kit/reading.ts";
import { counted } from "../../kit/words.ts";
import { getTimeseries } from "../api/overview.ts";
import { messagesLink } from "../links.ts";
import { Figure, Figures } from "./figure.tsx";
import style from "./overview.module.css";
import { DEFAULT_RANGE, RANGES, type Range, rangeOf } from "./range.ts";

const AGAIN_MS = 5_000;
/** Changes often enough for charts. The live stream would reload them every second. */
const tick = computed(() => Math.floor(now.value / AGAIN_MS));

/** Shows what happened in a range of time, which is kept in the address. The counts are from the store. */
export function History() {
  usePlot();
  const range = rangeOf(address.value.query.range);
  const series = useReading(range.name, (signal) => getTimeseries(range.step, Date.now() - range.spanMs, signal), tick);
  const tabs = RANGES.map((one) => ({
    title: one.title,
    href: linkWith({ range: one.name === DEFAULT_RANGE.name ? null : one.name }),
    isCurrent: one.name === range.name,
  }));
  return (
    <Section title="Over time">
      <Tabs label="Range of time" tabs={tabs} />
      <Read of={series} lines={8}>
        {(known) => (
          <>
            <RangeFigures series={known} range={range} />
            <Charts series={known} range={range} />
          </>
        )}
      </Read>
    </Section>
  );
}

function RangeFigures({ series: { total, data }, range }: { series: Timeseries; range: Range }) {
  const since = Date.parse(total.startAt);
  // The bounds of the list exclude their instants. With an end it begins with the newest message.
  const after = new Date(since - 1).toISOString();
  const before = new Date(Date.parse(data.at(-1)!.startAt) + range.stepMs).toISOString();
  return (
    <>
      <Figures label="In this time">
        <Figure
          label="Accepted messages"
          about="in this time, also of customers deleted since"
          value={formatCount(total.accepted)}
          href={messagesLink({ after, before })}
        />
        <Figure
          label="Successful deliveries"
          about="in this time; opens the messages accepted in it"
          value={formatCount(total.delivered)}
          href={messagesLink({ state: "delivered", after, before })}
        />
        <Figure label="Success rate" about={rateText(total)} value={percent(successOf(total))} />
        <Figure label="Response time" about="median of all attempts" value={duration(total.p50Ms)} />
        <Figure label="Slow responses" about="5 % of all attempts take longer" value={duration(total.p95Ms)} />
      </Figures>
      <p class={style.since}>
        Since <Instant at={total.startAt} />, counted by the store. Restarts of the server do not change the counts.
      </p>
    </>
  );
}

type Counts = Timeseries["total"];

/** Returns the share of successful attempts in percent; null without attempts. */
function successOf({ attempts, failed }: Counts): number | null {
  return attempts === 0 ? null : (100 * (attempts - failed)) / attempts;
}

/** Never rounds up to 100 %, so that 100 % means that no attempt failed. */
function percent(value: number | null): string {
  return value === null ? "–" : `${formatDecimal(value === 100 ? 100 : Math.min(99.9, value))} %`;
}

function duration(ms: number | null): string {
  return ms === null ? "–" : formatDuration(ms);
}

function rateText({ attempts, failed }: Counts): string {
  return attempts === 0 ? "no attempts" : `${formatCount(failed)} of ${counted(attempts, "attempt")} failed`;
}

function Charts({ series, range }: { series: Timeseries; range: Range }) {
  const { atMs, counts, rates, times } = useMemo(() => linesOf(series), [series]);
  return (
    <div class={style.charts}>
      <Chart
        label={`Per ${range.period}`}
        atMs={atMs}
        series={counts}
        format={formatCount}
        heightPx={200}
        isLastOpen={true}
      />
      <Chart label="Success rate" atMs={atMs} series={rates} format={percent} max={100} isLastOpen={true} />
      <Chart label="Response time" atMs={atMs} series={times} format={formatDuration} isLastOpen={true} />
    </div>
  );
}

function linesOf({ data, total }: Timeseries) {
  const line = (label: string, tone: Series["tone"], read: (counts: Counts) => number | null): Series => ({
    ...{ label, tone },
    values: data.map(read),
    total: read(total),
  });
  return {
    atMs: data.map(({ startAt }) => Date.parse(startAt)),
    counts: [
      line("accepted", "accent", ({ accepted }) => accepted),
      line("delivered", "good", ({ delivered }) => delivered),
      line("failed attempts", "wait", ({ failed }) => failed),
      line("dead", "bad", ({ dead }) => dead),
    ],
    rates: [line("successful attempts", "good", successOf)],
    times: [line("median", "accent", ({ p50Ms }) => p50Ms), line("95th percentile", "wait", ({ p95Ms }) => p95Ms)],
  };
}

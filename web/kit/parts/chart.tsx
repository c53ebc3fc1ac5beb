import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { now } from "../clock.ts";
import { formatInstant } from "../format.ts";
import style from "./chart.module.css";

/** One line of a chart. */
export interface Series {
  readonly label: string;
  readonly tone: "accent" | "good" | "wait" | "bad" | "muted";
  /** One value per instant; null where there is none. */
  readonly values: readonly (number | null)[];
  /** The value of the whole time, shown beside the label. Without it the latest value is shown. */
  readonly total?: number | null;
}

interface ChartProps {
  readonly label: string;
  /** Instants in ms, rising. */
  readonly atMs: readonly number[];
  readonly series: readonly Series[];
  readonly format?: (value: number) => string;
  readonly heightPx?: number;
  /** Largest value that is possible. Without it the axis ends above the largest value shown. */
  readonly max?: number;
  /** Whether the last period is not over, so that its values are lower than they will be. It is shaded. */
  readonly isLastOpen?: boolean;
}

const AXIS_WIDTH_PX = 56;
/** Smallest top of the axis, so that its labels are different whole numbers. */
const TOP_MIN = 4;

/**
 * Shows values over time. Screen readers get the label and the totals, because a canvas has no
 * text. Pointing at an instant shows its values. The colours follow the style sheet, so the chart is
 * drawn again when the scheme changes.
 */
export function Chart(props: ChartProps) {
  const { label, atMs, series, format = String, heightPx = 160, isLastOpen = false } = props;
  const [pointed, setPointed] = useState<number | null>(null);
  const place = useChart(props, setPointed);
  const pointedAtMs = pointed === null ? undefined : atMs[pointed];
  return (
    <figure class={style.chart}>
      <figcaption class={style.caption}>
        <span>{label}</span>
        {series.map((one) => (
          <span key={one.label} class={style.key} data-tone={one.tone}>
            {one.label} <strong>{shown(pointed === null ? summary(one) : one.values[pointed], format)}</strong>
          </span>
        ))}
        {pointedAtMs !== undefined && <span class={style.at}>{formatInstant(pointedAtMs, now.peek())}</span>}
      </figcaption>
      <div ref={place} class={style.place} style={{ height: `${heightPx}px` }} aria-hidden="true" />
      {isLastOpen && <p class={style.note}>The shaded period is not over yet.</p>}
    </figure>
  );
}

/** Keeps a chart in the element of the returned reference. */
function useChart(props: ChartProps, point: (at: number | null) => void) {
  const { atMs, series, heightPx = 160 } = props;
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const shape = series.map((one) => `${one.label} ${one.tone}`).join("|");

  useEffect(() => {
    const element = place.current!;
    const draw = () => {
      chart.current?.destroy();
      const current = latest.current;
      chart.current = new uPlot(
        optionsOf(element, () => latest.current, point),
        dataOf(current),
        element,
      );
    };
    draw();
    const resized = new ResizeObserver(() => chart.current?.setSize({ width: element.clientWidth, height: heightPx }));
    resized.observe(element);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", draw);
    return () => {
      scheme.removeEventListener("change", draw);
      resized.disconnect();
      chart.current?.destroy();
      chart.current = null;
    };
  }, [shape]);

  useEffect(() => {
    chart.current?.setData(dataOf(latest.current));
  }, [atMs, series]);

  return place;
}

function summary({ total, values }: Series): number | null | undefined {
  return total === undefined ? values.findLast((one) => one !== null) : total;
}

function shown(value: number | null | undefined, format: (value: number) => string): string {
  return value === undefined || value === null ? "–" : format(value);
}

function dataOf({ atMs, series }: ChartProps): uPlot.AlignedData {
  return [atMs.map((at) => at / 1_000), ...series.map(({ values }) => [...values])] as uPlot.AlignedData;
}

function optionsOf(element: HTMLElement, current: () => ChartProps, point: (at: number | null) => void): uPlot.Options {
  const { series, heightPx = 160, format = String, max } = current();
  const colour = colourReader(element);
  const axis = { stroke: colour("muted"), grid: { stroke: colour("line"), width: 1 }, ticks: { show: false } };
  const shade = colour("idle-soft");
  return {
    width: element.clientWidth,
    height: heightPx,
    legend: { show: false },
    cursor: { y: false, points: { size: 6 } },
    scales: { y: { range: (_chart, _min, most) => [0, max ?? Math.max(most ?? 0, TOP_MIN) * 1.1] } },
    axes: [axis, { ...axis, size: AXIS_WIDTH_PX, values: (_chart, values) => values.map(format) }],
    hooks: {
      drawClear: [(chart) => current().isLastOpen && shadeLast(chart, shade)],
      setCursor: [(chart) => point(chart.cursor.idx ?? null)],
    },
    series: [
      {},
      ...series.map(({ label, tone }) => ({
        label,
        stroke: colour(tone),
        width: 1.5,
        fill: `color-mix(in srgb, ${colour(tone)} 10%, transparent)`,
        points: { show: true, size: 5, filter: isolated },
      })),
    ],
  };
}

/** Returns the values without neighbours, which no line shows. */
function isolated(chart: uPlot, line: number): number[] {
  const values = chart.data[line] ?? [];
  return [...values.keys()].filter((at) => values[at] != null && values[at - 1] == null && values[at + 1] == null);
}

/** Shades the part of the chart between the last two instants. */
function shadeLast(chart: uPlot, colour: string): void {
  const from = chart.data[0].at(-2);
  const to = chart.data[0].at(-1);
  if (from === undefined || to === undefined) return;
  const { left, top, width, height } = chart.bbox;
  const x = Math.max(left, chart.valToPos(from, "x", true));
  chart.ctx.save();
  chart.ctx.fillStyle = colour;
  chart.ctx.fillRect(x, top, Math.min(left + width, chart.valToPos(to, "x", true)) - x, height);
  chart.ctx.restore();
}

/** Returns the reader of a colour's computed value: a canvas does not understand `light-dark()`. */
function colourReader(element: HTMLElement): (name: string) => string {
  return (name) => {
    const probe = document.createElement("span");
    probe.style.color = `var(--${name})`;
    element.append(probe);
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  };
}

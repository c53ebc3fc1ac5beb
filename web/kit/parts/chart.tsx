import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { now } from "../clock.ts";
import { formatAxis, formatInstant } from "../format.ts";
import { lazily } from "../lazily.ts";
import style from "./chart.module.css";
import { Problem } from "./notice.tsx";

type Plot = typeof uPlot;

/** The name and version of the file that is built from `plot.ts`. */
declare const PLOT_FILE: string;

const plot = lazily(async (): Promise<Plot> => {
  const url = new URL(PLOT_FILE, import.meta.url).href;
  return ((await import(url)) as { readonly default: Plot }).default;
});

/** Loads the library while a component loads the data of its charts. */
export function usePlot(): void {
  useLayoutEffect(() => {
    // A chart shows that it could not be loaded.
    plot().catch(() => {});
  }, []);
}

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
  const { place, state } = useChart(props, setPointed);
  const pointedAtMs = pointed === null ? undefined : atMs[pointed];
  return (
    <figure class={style.chart} aria-busy={state === "loading"}>
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
      {state === "failed" && <Problem>The chart could not be loaded. Reload the page.</Problem>}
      {isLastOpen && <p class={style.note}>The shaded period is not over yet.</p>}
    </figure>
  );
}

/** Keeps a chart in the element of the returned reference. */
function useChart(props: ChartProps, point: (at: number | null) => void) {
  const { atMs, series, heightPx = 160 } = props;
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const [state, setState] = useState<"loading" | "drawn" | "failed">("loading");
  const latest = useRef(props);
  latest.current = props;
  const shape = series.map((one) => `${one.label} ${one.tone}`).join("|");

  // Draws before the next frame if the library is loaded; an effect after it would delay the chart by a frame.
  useLayoutEffect(() => {
    const element = place.current!;
    let isGone = false;
    const draw = async () => {
      const Plot = await plot();
      if (isGone) return;
      chart.current?.destroy();
      chart.current = new Plot(
        optionsOf(element, () => latest.current, point),
        dataOf(latest.current),
        element,
      );
      setState("drawn");
    };
    draw().catch(() => isGone || setState("failed"));
    const resized = new ResizeObserver(() => chart.current?.setSize({ width: element.clientWidth, height: heightPx }));
    resized.observe(element);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    const redraw = () => void draw();
    scheme.addEventListener("change", redraw);
    return () => {
      isGone = true;
      scheme.removeEventListener("change", redraw);
      resized.disconnect();
      chart.current?.destroy();
      chart.current = null;
    };
  }, [shape]);

  useLayoutEffect(() => {
    chart.current?.setData(dataOf(latest.current));
  }, [atMs, series]);

  return { place, state };
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
  const colours = coloursOf(element);
  const axis = { stroke: colours.muted, grid: { stroke: colours.line, width: 1 }, ticks: { show: false } };
  const shade = colours["idle-soft"];
  return {
    width: element.clientWidth,
    height: heightPx,
    legend: { show: false },
    cursor: { y: false, points: { size: 6 } },
    scales: { y: { range: (_chart, _min, most) => [0, max ?? Math.max(most ?? 0, TOP_MIN) * 1.1] } },
    axes: [
      { ...axis, values: (_chart, times) => formatAxis(times.map((time) => time * 1_000)) },
      { ...axis, size: AXIS_WIDTH_PX, values: (_chart, values) => values.map(format) },
    ],
    hooks: {
      drawClear: [(chart) => current().isLastOpen && shadeLast(chart, shade)],
      setCursor: [(chart) => point(chart.cursor.idx ?? null)],
    },
    series: [
      {},
      ...series.map(({ label, tone }) => ({
        label,
        stroke: colours[tone],
        width: 1.5,
        fill: `color-mix(in srgb, ${colours[tone]} 10%, transparent)`,
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

const COLOURS = ["muted", "line", "idle-soft", "accent", "good", "wait", "bad"] as const;

type Colour = (typeof COLOURS)[number];

/**
 * Returns the computed values of the colours: a canvas does not understand `light-dark()`. They are
 * read together, because each reading after a change of the document computes its styles.
 */
function coloursOf(element: HTMLElement): Record<Colour, string> {
  const probes = COLOURS.map((name) => {
    const probe = document.createElement("span");
    probe.style.color = `var(--${name})`;
    return probe;
  });
  element.append(...probes);
  const values = probes.map((probe, at) => [COLOURS[at], getComputedStyle(probe).color]);
  for (const probe of probes) probe.remove();
  return Object.fromEntries(values) as Record<Colour, string>;
}

import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import style from "./chart.module.css";

/** One line of a chart. */
export interface Series {
  readonly label: string;
  readonly tone: "accent" | "good" | "wait" | "bad" | "muted";
  /** One value per instant; null where there is none. */
  readonly values: readonly (number | null)[];
}

interface ChartProps {
  readonly label: string;
  /** Instants in ms, rising. */
  readonly atMs: readonly number[];
  readonly series: readonly Series[];
  readonly format?: (value: number) => string;
  readonly heightPx?: number;
}

const AXIS_WIDTH_PX = 56;

/**
 * Shows values over time. Screen readers get the label and the latest values, because a canvas has no
 * text. The colours follow the style sheet, so the chart is drawn again when the scheme changes.
 */
export function Chart({ label, atMs, series, format = String, heightPx = 160 }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const shape = series.map((one) => `${one.label} ${one.tone}`).join("|");

  useEffect(() => {
    const element = place.current!;
    const draw = () => {
      chart.current?.destroy();
      chart.current = new uPlot(optionsOf(element, series, format, heightPx), dataOf(atMs, series), element);
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
    chart.current?.setData(dataOf(atMs, series));
  }, [atMs, series]);

  return (
    <figure class={style.chart}>
      <figcaption class={style.caption}>
        <span>{label}</span>
        {series.map((one) => (
          <span key={one.label} class={style.key} data-tone={one.tone}>
            {one.label} <strong>{latest(one, format)}</strong>
          </span>
        ))}
      </figcaption>
      <div ref={place} class={style.place} style={{ height: `${heightPx}px` }} aria-hidden="true" />
    </figure>
  );
}

function latest({ values }: Series, format: (value: number) => string): string {
  const value = values.findLast((one) => one !== null);
  return value === undefined || value === null ? "–" : format(value);
}

function dataOf(atMs: readonly number[], series: readonly Series[]): uPlot.AlignedData {
  return [atMs.map((at) => at / 1_000), ...series.map(({ values }) => [...values])] as uPlot.AlignedData;
}

function optionsOf(
  element: HTMLElement,
  series: readonly Series[],
  format: (value: number) => string,
  height: number,
): uPlot.Options {
  const colour = colourReader(element);
  const axis = { stroke: colour("muted"), grid: { stroke: colour("line"), width: 1 }, ticks: { show: false } };
  return {
    width: element.clientWidth,
    height,
    legend: { show: false },
    cursor: { y: false, points: { size: 6 } },
    scales: { y: { range: (_chart, _min, max) => [0, Math.max(max ?? 0, 1) * 1.1] } },
    axes: [axis, { ...axis, size: AXIS_WIDTH_PX, values: (_chart, values) => values.map(format) }],
    series: [
      {},
      ...series.map(({ label, tone }) => ({
        label,
        stroke: colour(tone),
        width: 1.5,
        fill: `color-mix(in srgb, ${colour(tone)} 10%, transparent)`,
        points: { show: false },
      })),
    ],
  };
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

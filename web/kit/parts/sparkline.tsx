import { SAMPLES_MAX } from "../series.ts";

const WIDTH = 120;
const HEIGHT = 24;
const PADDING = 2;

/**
 * Shows a chart of the last minute, newest value on the right. The chart is hidden from screen
 * readers, because the page also shows the numbers.
 */
export function Sparkline({ values }: { values: readonly number[] }) {
  const line = curve(values);
  return (
    <svg class="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      {line !== "" && (
        <>
          <path class="sparkline-area" d={`${line}V${HEIGHT}H${xOf(0, values.length)}Z`} />
          <path class="sparkline-line" d={line} />
        </>
      )}
    </svg>
  );
}

/**
 * Returns the SVG path of the values, scaled from zero (bottom) to the maximum (top). The path is
 * empty for fewer than two values.
 */
function curve(values: readonly number[]): string {
  if (values.length < 2) return "";
  const top = Math.max(1, ...values);
  const points = values.map((value, at) => {
    const y = HEIGHT - PADDING - (value / top) * (HEIGHT - 2 * PADDING);
    return `${xOf(at, values.length)} ${y.toFixed(1)}`;
  });
  return `M${points.join("L")}`;
}

function xOf(at: number, count: number): string {
  return (WIDTH - ((count - 1 - at) * WIDTH) / (SAMPLES_MAX - 1)).toFixed(1);
}

import { formatCount, formatRate } from "../../kit/format.ts";
import { Sparkline } from "../../kit/parts/sparkline.tsx";
import { growth, rate } from "../../kit/series.ts";
import { type Measure, samples } from "../history.ts";

interface StatProps {
  readonly measure: Measure;
  readonly label: string;
  readonly hint: string;
  readonly value: number | null;
  /**
   * `total` only increases, so its rate is shown too, and the chart shows the increase per second.
   * `level` is charted unchanged.
   */
  readonly kind: "total" | "level";
  /** Whether any level above zero is a problem. */
  readonly alarming?: boolean;
}

/** Shows a number with a chart of the last minute. */
export function Stat({ measure, label, hint, value, kind, alarming = false }: StatProps) {
  const past = samples.value.map((sample) => sample[measure]);
  const alarm = alarming && value !== null && value > 0;
  return (
    <div class={`stat stat-${measure} ${alarm ? "stat-alarm" : ""}`}>
      <dt title={hint}>{label}</dt>
      <dd class="stat-value">{value === null ? "–" : formatCount(value)}</dd>
      {kind === "total" && <dd class="stat-rate">{formatRate(rate(past))}</dd>}
      <Sparkline values={kind === "total" ? growth(past) : past} />
    </div>
  );
}

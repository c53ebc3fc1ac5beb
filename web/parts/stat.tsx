import { formatCount, formatRate } from "../format.ts";
import { type Measure, samples } from "../history.ts";
import { growth, rate } from "../series.ts";
import { Sparkline } from "./sparkline.tsx";

interface StatProps {
  readonly measure: Measure;
  readonly label: string;
  readonly hint: string;
  readonly value: number | null;
  /** A total only increases. Its rate is shown, and the chart shows the increase. */
  readonly kind: "total" | "level";
  /** A level that should be zero. */
  readonly alarming?: boolean;
}

/** A number with a chart of the last minute. */
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

/** A panel of the board that `boathook dashboard` prints. */
export interface Panel {
  readonly title: string;
  readonly description: string;
  /** A unit of Grafana. */
  readonly unit: "ops" | "short" | "s" | "bytes" | "percentunit";
  readonly series: readonly { readonly expr: string; readonly legend: string }[];
}

/** A titled row of panels. */
export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

/** Selects the instances that are chosen on the board. */
export const ON = '{instance=~"$instance"}';
/** Leaves out the processes of other programs, whose metrics have the same names. */
export const OF_BOATHOOK = "and on (job, instance) boathook_build_info";
/**
 * Adds up values that each instance reports for all data in its store. Instances that share a database
 * report the same, so they count once.
 */
export const once = (metric: string, by: readonly string[] = []) =>
  `sum${by.length === 0 ? "" : ` by (${by.join()})`} (max by (${[...by, "data", "shard"].join(", ")}) (${metric} * on (job, instance) group_left (data, shard) boathook_build_info))`;
/** Selects the instances that are chosen, and labels. */
export const and = (labels: string) => `{instance=~"$instance",${labels}}`;
/** Returns the series of three quantiles of a histogram. */
export const quantiles = (metric: string) =>
  ([0.5, 0.95, 0.99] as const).map((quantile) => ({
    expr: `histogram_quantile(${quantile}, sum by (le) (rate(${metric}_bucket${ON}[$__rate_interval])))`,
    legend: `p${quantile * 100}`,
  }));

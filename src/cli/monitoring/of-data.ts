const LABELS = ["job", "data", "shard"];

/**
 * Returns an expression for a value that each instance reports for all data in its store. Instances that share a
 * database report the same, so it has one series for all of them, or for each value of `labels`. `aggregation`
 * applies if some lag behind.
 */
export const ofData = (aggregation: "max" | "min", value: string, labels: readonly string[] = []): string =>
  `${aggregation} by (${[...LABELS, ...labels].join(", ")}) (${value} * on (job, instance) group_left (data, shard) boathook_build_info)`;

const QUERY = 'printf "boathook_build_info{job=%q,data=%q,shard=%q}" $labels.job $labels.data $labels.shard';

/** A template for the summary of an alert of such an expression: the instances that report it. */
export const INSTANCES = `{{ range $i, $info := ${QUERY} | query | sortByLabel "instance" }}{{ if $i }}, {{ end }}{{ $info.Labels.instance }}{{ end }}`;

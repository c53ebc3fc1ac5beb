import { constraintsOf, isNatural, isPositive, SERIES_COUNTS, sharedRules } from "../../sql/rules.ts";

/** The rules of each table, with those of tables that only PostgreSQL has. */
export const constraints = constraintsOf({
  ...sharedRules({
    isObject: (column) => `json_typeof(${column}::json) = 'object'`,
    isArray: (column) => `json_typeof(${column}::json) = 'array'`,
    user: '"user"',
    hasNoResponse: "sealed IS NULL",
  }),
  pending: {
    values: ["trigger BETWEEN 0 AND 1", isNatural("round")],
    attempts: ["attempts >= 0", "attempts_total >= attempts"],
  },
  ended: {
    values: ["state BETWEEN 1 AND 3", isNatural("round"), isNatural("attempts_total")],
    // Only a dead delivery has a reason.
    reason: ["(state = 2) = (reason IS NOT NULL)"],
  },
  series: { values: [isPositive("step_ms"), ...SERIES_COUNTS.map(isNatural)] },
});

/** Adds the rules to empty tables. Day tables that are created later get them too. */
export const CONSTRAINTS: readonly string[] = constraints.map(
  ({ table, name, check }) => `ALTER TABLE ${table} ADD CONSTRAINT ${name} CHECK (${check})`,
);

import type { Database } from "bun:sqlite";
import type { UnenforcedRule } from "../../index.ts";
import {
  type Constraint,
  constraintsOf,
  isNatural,
  isPositive,
  isText,
  type Rules,
  SERIES_COUNTS,
  sharedRules,
} from "../../sql/rules.ts";
import { codeOf } from "../data-dir/disk-error.ts";
import { ENTRY_BYTES_MIN } from "../keys/entry.ts";
import { MESSAGE_KEY_BYTES } from "../keys/message-keys.ts";

/** See "keys/entry.ts". */
const isEntries = (bytes: number) => `length(entries) > 0 AND length(entries) % ${bytes} = 0`;
const isObject = (column: string) => `json_valid(${column}) AND json_type(${column}) = 'object'`;
const isArray = (column: string) => `json_valid(${column}) AND json_type(${column}) = 'array'`;

/** The rules of each table, with those of tables that only SQLite has. */
const RULES: Rules = {
  ...sharedRules({ isObject, isArray, user: "user", hasNoResponse: "sealed IS NULL AND body IS NULL" }),
  delivery: {
    values: ["state BETWEEN 0 AND 3", "trigger BETWEEN 0 AND 1", isNatural("round")],
    attempts: ["attempts >= 0", "attempts_total >= attempts"],
    // Only a dead delivery has a reason, and only a pending one has no end.
    reason: ["(state = 2) = (reason IS NOT NULL)"],
    end: ["(state = 0) = (ended_at IS NULL)"],
  },
  key_log: { values: [isEntries(MESSAGE_KEY_BYTES)] },
  key_range: { values: [isNatural("start"), isEntries(MESSAGE_KEY_BYTES)] },
  event_id_log: { values: [isEntries(ENTRY_BYTES_MIN)] },
  event_id_range: { values: [isNatural("start"), isEntries(ENTRY_BYTES_MIN)] },
  endpoint_attempt: { values: [isNatural("seq")] },
  application_message: { values: [isNatural("seq")] },
  stretch: { values: [isNatural("start")] },
  series: {
    values: [isPositive("step_ms"), ...SERIES_COUNTS.map(isNatural), isArray("durations")],
  },
  payload_link_key: { values: ["length(sealed) > 28"] },
  moved_id: { values: [isText("id"), isNatural("seq")] },
  departure: { values: [isText("uid"), isText("url"), isText("hold"), isNatural("departed_at")] },
  arrival: {
    values: [isText("hold"), isNatural("arrived_at"), isNatural("history_to")],
    keys: [isText("keys_to"), isText("key_environment"), isNatural("checked_to")],
  },
  arrival_message: { values: [isNatural("message_seq")] },
};

export const constraints = constraintsOf(RULES);

/** Constraints that earlier versions added and that no longer hold. */
const OBSOLETE = [
  { table: "attempt", name: "attempt_sealed_check" },
  { table: "notice", name: "notice_values_check" },
] as const;

/**
 * Adds the constraints that the tables do not have yet. A rule that existing rows break is not
 * added but returned, so that the server can start. The next start tries again. Does nothing if
 * this SQLite cannot add constraints (before 3.53).
 */
export function addConstraints(db: Database): readonly UnenforcedRule[] {
  const tables = db.query<{ name: string; sql: string }, []>(
    "SELECT name, sql FROM sqlite_schema WHERE type = 'table'",
  );
  const sqls = new Map(tables.all().map(({ name, sql }) => [name, sql]));
  for (const { table, name } of OBSOLETE) {
    if (sqls.get(table)!.includes(`CONSTRAINT ${name} `)) db.run(`ALTER TABLE ${table} DROP CONSTRAINT ${name}`);
  }
  const missing = constraints.filter(({ table, name }) => !sqls.get(table)!.includes(`CONSTRAINT ${name} `));
  if (missing.length === 0) return [];
  const unenforced: UnenforcedRule[] = [];
  db.transaction(() => {
    for (const constraint of missing) {
      const { table, name, check } = constraint;
      try {
        db.run(`ALTER TABLE ${table} ADD CONSTRAINT ${name} CHECK (${check})`);
      } catch (error) {
        const code = codeOf(error);
        if (code === "SQLITE_ERROR") return;
        if (!code.startsWith("SQLITE_CONSTRAINT")) throw error;
        unenforced.push({ table, rule: check, rows: countOf(db, constraint) });
      }
    }
  }).immediate();
  return unenforced;
}

/** Counts the rows that break a rule. */
function countOf(db: Database, { table, check }: Constraint): number {
  const row = db.query(`SELECT COUNT(*) AS count FROM ${table} WHERE NOT (${check})`).get() as { count: number };
  return row.count;
}

import type { Database } from "bun:sqlite";
import type { UnenforcedRule } from "../index.ts";
import { codeOf } from "./disk-error.ts";
import { ENTRY_BYTES_MIN } from "./keys/entry.ts";
import { MESSAGE_KEY_BYTES } from "./keys/message-keys.ts";

/** A CHECK constraint with a unique name. A changed rule gets a new name and a migration. */
interface Constraint {
  readonly table: string;
  readonly name: string;
  readonly check: string;
}

/**
 * Conditions on single columns. A CHECK fails only if its condition is false, so null values pass.
 */
const isFlag = (column: string) => `${column} IN (0, 1)`;
const isText = (column: string) => `${column} <> ''`;
const isPositive = (column: string) => `${column} > 0`;
const isNatural = (column: string) => `${column} >= 0`;
const isEntries = (bytes: number) => `length(entries) > 0 AND length(entries) % ${bytes} = 0`;
const isObject = (column: string) => `json_valid(${column}) AND json_type(${column}) = 'object'`;
const isArray = (column: string) => `json_valid(${column}) AND json_type(${column}) = 'array'`;

/**
 * The rules of each table. `values` contains the conditions on single columns. They form one
 * constraint, because SQLite takes 0.2 ms to add a constraint. The other rules relate columns to
 * each other.
 */
const RULES: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  meta: { values: [isText("name")] },
  environment: { values: [isText("name"), "type IN ('development', 'production')"], paused: [isNatural("paused_at")] },
  application: {
    values: [isText("uid"), isPositive("throttle_rate"), isObject("metadata"), isFlag("operational")],
    quota: [isObject("quota")],
  },
  event_type: {
    values: [
      isText("name"),
      ...["archived", "deprecated"].map(isFlag),
      isObject("schemas"),
      isArray("feature_flags"),
      "validation IN ('off', 'warn', 'reject')",
    ],
    compatibility: ["compatibility IN ('off', 'warn', 'reject')"],
  },
  payload_version: { values: [isText("version"), isArray("event_types"), isText("downgrade")] },
  endpoint: {
    values: [
      ...["uid", "url"].map(isText),
      ...["disabled", "paused", "fifo"].map(isFlag),
      ...["event_types", "channels", "retry_schedule"].map(isArray),
      isObject("metadata"),
      ...["version", "throttle_rate", "concurrency", "timeout_ms"].map(isPositive),
    ],
    // Headers are stored only in encrypted form.
    sealed: ["headers = '{}'", "length(sealed) > 28"],
    transformation: ["transformation IS NULL"],
    // The column contains no secrets.
    auth: [isObject("auth"), "(auth IS NULL OR sealed IS NOT NULL)"],
    tls: [isObject("tls")],
    function: [
      isObject("function"),
      "(function IS NULL OR sealed IS NOT NULL)",
      "(function IS NOT NULL) = (url = 'function:')",
    ],
    filter: [isObject("filter")],
    batch: [isObject("batch")],
    api_version: [isText("api_version")],
    payload_mode: ["payload_mode IN ('full', 'reference')"],
    challenge: [isObject("challenge"), "(challenge IS NULL OR paused = 1)"],
    disabling: [
      "disabled_cause IN ('gone', 'failing', 'manual')",
      "disabled = 1 OR (disabled_at IS NULL AND disabled_cause IS NULL)",
    ],
  },
  // The nonce and the tag of the encryption take 28 bytes.
  endpoint_secret: { values: ["length(sealed) > 28"] },
  message: {
    values: [...["event_type", "event_id"].map(isText), isNatural("accepted_at")],
    expiry: ["payload IS NOT NULL OR payload_expires_at IS NULL"],
  },
  delivery: {
    values: ["state BETWEEN 0 AND 3", "trigger BETWEEN 0 AND 1", isNatural("round")],
    attempts: ["attempts >= 0", "attempts_total >= attempts"],
    // Only a dead delivery has a reason, and only a pending one has no end.
    reason: ["(state = 2) = (reason IS NOT NULL)"],
    end: ["(state = 0) = (ended_at IS NULL)"],
  },
  attempt: {
    values: ["trigger BETWEEN 0 AND 1", "response_status BETWEEN 0 AND 999", isNatural("duration_ms")],
    // A successful attempt is the last one of its round.
    next: ["next_attempt_at IS NULL OR reason IS NOT NULL"],
    exchange: ["length(sealed) > 28"],
    response: ["response_in IS NULL OR (response IS NULL AND response_in > seq)"],
  },
  idempotency: {
    values: ["length(key) = 32", "status BETWEEN 100 AND 599"],
    response: ["(message_seq IS NULL) <> (sealed IS NULL AND body IS NULL)"],
  },
  key_log: { values: [isEntries(MESSAGE_KEY_BYTES)] },
  key_range: { values: [isNatural("start"), isEntries(MESSAGE_KEY_BYTES)] },
  event_id_log: { values: [isEntries(ENTRY_BYTES_MIN)] },
  event_id_range: { values: [isNatural("start"), isEntries(ENTRY_BYTES_MIN)] },
  source: {
    values: [
      ...["uid", "type", "provider", "event_type"].map(isText),
      "verification IN ('enforce', 'record', 'off')",
      ...["answer", "deduplicate", "metadata"].map(isObject),
      isPositive("ingest_rate"),
      "length(sealed) > 28",
    ],
    // A deleted source keeps no secrets.
    deleted: ["deleted_at IS NULL OR sealed IS NULL"],
  },
  source_token: { values: ["length(sha256) = 32", "length(sealed) > 28", isFlag("rotation")] },
  source_log: {
    values: ["status BETWEEN 100 AND 599", ...["cause", "method", "path"].map(isText), isObject("headers")],
  },
  token: {
    values: ["length(sha256) = 32", ...["capabilities", "feature_flags", "scopes"].map(isArray)],
    reading: [isFlag("read_only")],
  },
  session: {
    values: [
      "length(sha256) = 32",
      "length(owner_sha256) = 32",
      isObject("user"),
      ...["created_at", "last_used_at", "expires_at", "ends_at"].map(isNatural),
    ],
  },
  jwt_end: { values: ["issued_until", "ends_at"].map(isNatural) },
  audit: {
    values: [
      "actor_kind IN ('root', 'token', 'jwt', 'user', 'command')",
      isText("action"),
      isObject("subject"),
      isFlag("done"),
    ],
  },
  task: { values: [isText("kind"), "status IN ('running', 'finished', 'failed')", isObject("data")] },
  stretch: { values: [isNatural("start")] },
  series: {
    values: [
      isPositive("step_ms"),
      ...["start_at", "accepted", "attempts", "failed", "delivered", "dead"].map(isNatural),
      isArray("durations"),
    ],
  },
  notice: {
    content: [
      "channel IN ('mail', 'slack', 'teams')",
      "kind IN ('failing', 'disabled', 'recovered', 'backlog', 'unverified')",
      ...["since", "sent_at"].map(isNatural),
      isFlag("open"),
    ],
  },
  // No rule for "stored_bytes": a wrong count must not prevent the deletion of a payload.
  quota_usage: { values: ["counted_to", "day", "messages"].map(isNatural) },
  payload_link_use: { values: [isPositive("link_seq")] },
  payload_link_key: { values: ["length(sealed) > 28"] },
  function_send: { values: [isNatural("number"), isPositive("hops")] },
  poller_group: { values: [...["sink", "name"].map(isText), isNatural("cursor")] },
  poller_lease: { values: [isPositive("times"), isNatural("ends_at")] },
  poller: { values: [...["sink", "consumer"].map(isText), isNatural("cursor")] },
  moved_id: { values: [isText("id"), isNatural("seq")] },
  departure: { values: [isText("uid"), isText("url"), isText("hold"), isNatural("departed_at")] },
  arrival: { values: [isText("hold"), isNatural("arrived_at"), isNatural("history_to")] },
};

export const constraints: readonly Constraint[] = Object.entries(RULES).flatMap(([table, rules]) =>
  Object.entries(rules).map(([name, conditions]) => ({
    table,
    name: `${table}_${name}_check`,
    check: conditions.join(" AND "),
  })),
);

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

/** Rules that stored rows must follow, as conditions in SQL. A CHECK fails only if its condition is false, so null values pass. */

/** How the databases differ. */
export interface Dialect {
  isObject(column: string): string;
  isArray(column: string): string;
  /** The column `user`, which is a keyword in PostgreSQL. */
  readonly user: string;
  /** Holds for an idempotency entry that has no response of its own. */
  readonly hasNoResponse: string;
}

/** The rules of each table by their names. */
export type Rules = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

const isFlag = (column: string) => `${column} IN (0, 1)`;
export const isText = (column: string) => `${column} <> ''`;
export const isPositive = (column: string) => `${column} > 0`;
export const isNatural = (column: string) => `${column} >= 0`;

/** The columns of `series` with counts. */
export const SERIES_COUNTS = ["start_at", "accepted", "attempts", "failed", "delivered", "dead"] as const;

/** A CHECK constraint with a unique name. A changed rule gets a new name and a migration. */
export interface Constraint {
  readonly table: string;
  readonly name: string;
  readonly check: string;
}

export function constraintsOf(rules: Rules): readonly Constraint[] {
  return Object.entries(rules).flatMap(([table, named]) =>
    Object.entries(named).map(([name, conditions]) => ({
      table,
      name: `${table}_${name}_check`,
      check: conditions.join(" AND "),
    })),
  );
}

/**
 * Returns the rules of the tables that all databases have. `values` contains the conditions on single
 * columns. They form one constraint, because SQLite takes 0.2 ms to add a constraint. The other rules
 * relate columns to each other.
 */
export function sharedRules({ isObject, isArray, user, hasNoResponse }: Dialect): Rules {
  return {
    meta: { values: [isText("name")] },
    environment: {
      values: [isText("name"), "type IN ('development', 'production')"],
      paused: [isNatural("paused_at")],
    },
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
    attempt: {
      values: ["trigger BETWEEN 0 AND 1", "response_status BETWEEN 0 AND 999", isNatural("duration_ms")],
      // A successful attempt is the last one of its round.
      next: ["next_attempt_at IS NULL OR reason IS NOT NULL"],
      exchange: ["length(sealed) > 28"],
      response: ["response_in IS NULL OR (response IS NULL AND response_in > seq)"],
    },
    idempotency: {
      values: ["length(key) = 32", "status BETWEEN 100 AND 599"],
      response: [`(message_seq IS NULL) <> (${hasNoResponse})`],
    },
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
        isObject(user),
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
    function_send: { values: [isNatural("number"), isPositive("hops")] },
    poller_group: { values: [...["sink", "name"].map(isText), isNatural("cursor")] },
    poller_lease: { values: [isPositive("times"), isNatural("ends_at")] },
    poller: { values: [...["sink", "consumer"].map(isText), isNatural("cursor")] },
  };
}

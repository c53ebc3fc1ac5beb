/**
 * The migration steps after the first schema, up to the indexes of dead letters. They are released, so
 * none of them is ever changed. `middle-migrations.ts` continues the list.
 */
export const earlyMigrations: readonly string[] = [
  `
  -- Marks the hidden application of an environment, whose endpoints receive the operational
  -- webhooks.
  ALTER TABLE application ADD COLUMN operational INTEGER NOT NULL DEFAULT 0;
  CREATE UNIQUE INDEX application_operational ON application (environment_seq) WHERE operational = 1;
  `,
  "CREATE INDEX task_environment ON task (environment_seq, seq);",
  `
  ALTER TABLE environment ADD COLUMN type TEXT NOT NULL DEFAULT 'production';
  ALTER TABLE environment ADD COLUMN updated_at INTEGER NOT NULL DEFAULT 0;
  UPDATE environment SET updated_at = created_at;

  ALTER TABLE token ADD COLUMN capabilities TEXT;
  ALTER TABLE token ADD COLUMN feature_flags TEXT NOT NULL DEFAULT '[]';
  ALTER TABLE token ADD COLUMN session_id TEXT;
  ALTER TABLE token ADD COLUMN hint TEXT NOT NULL DEFAULT '';
  CREATE INDEX token_environment ON token (environment_seq, application_seq, seq);
  CREATE INDEX token_application ON token (application_seq) WHERE application_seq IS NOT NULL;
  CREATE INDEX token_expiry ON token (expires_at) WHERE expires_at IS NOT NULL;

  -- An application's JWTs issued up to issued_until expire at ends_at.
  CREATE TABLE jwt_end (
    application_seq INTEGER NOT NULL, issued_until INTEGER NOT NULL, ends_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX jwt_end_application ON jwt_end (application_seq);

  CREATE TABLE audit (
    seq INTEGER PRIMARY KEY,
    environment_seq INTEGER NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id TEXT,
    actor_name TEXT,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    done INTEGER NOT NULL,
    at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX audit_environment ON audit (environment_seq, seq);

  -- The encrypted response. Earlier releases stored it in the column body.
  ALTER TABLE idempotency ADD COLUMN sealed BLOB;
  `,
  `
  ALTER TABLE event_type ADD COLUMN validation TEXT NOT NULL DEFAULT 'warn';
  ALTER TABLE message ADD COLUMN deliver_at INTEGER;
  ALTER TABLE message ADD COLUMN warnings TEXT;
  `,
  `
  -- The traits of successive rows of a list (an endpoint's attempts or an application's messages).
  -- Null means that the traits are not known.
  CREATE TABLE stretch (
    list_seq INTEGER NOT NULL, start INTEGER NOT NULL, traits TEXT, PRIMARY KEY (list_seq, start)
  ) STRICT, WITHOUT ROWID;

  INSERT INTO stretch (list_seq, start, traits)
  WITH placed AS (
    SELECT t.endpoint_seq AS list, t.seq, m.event_type, m.channels, m.tags, t.reason, t.response_status / 100 AS class,
      (ROW_NUMBER() OVER (PARTITION BY t.endpoint_seq ORDER BY t.seq) - 1) / 64 AS place
    FROM attempt t JOIN message m ON m.seq = t.message_seq
  ), started AS (SELECT *, MIN(seq) OVER (PARTITION BY list, place) AS start FROM placed), labelled AS (
    SELECT list, start, reason, event_type AS label FROM started
    UNION SELECT list, start, reason, 'c:' || value FROM started, json_each(channels)
    UNION SELECT list, start, reason, 't:' || value FROM started, json_each(tags)
  ), found AS (
    SELECT list, start, label AS trait FROM labelled
    UNION SELECT list, start, 'f:' || label FROM labelled WHERE reason IS NOT NULL
    UNION SELECT list, start, ':failed' FROM labelled WHERE reason IS NOT NULL
    UNION SELECT list, start, ':' || class FROM started
  )
  SELECT list, start, GROUP_CONCAT('|' || trait || '|', '') FROM found GROUP BY list, start;

  INSERT INTO stretch (list_seq, start, traits)
  WITH placed AS (
    SELECT application_seq AS list, seq, event_type, channels, tags,
      (ROW_NUMBER() OVER (PARTITION BY application_seq ORDER BY seq) - 1) / 64 AS place
    FROM message
  ), started AS (SELECT *, MIN(seq) OVER (PARTITION BY list, place) AS start FROM placed), found AS (
    SELECT list, start, event_type AS trait FROM started
    UNION SELECT list, start, 'c:' || value FROM started, json_each(channels)
    UNION SELECT list, start, 't:' || value FROM started, json_each(tags)
    UNION SELECT s.list, s.start, '#' || d.endpoint_seq FROM started s JOIN delivery d ON d.message_seq = s.seq
  )
  SELECT list, start, GROUP_CONCAT('|' || trait || '|', '') FROM found GROUP BY list, start;

  -- Finds the delivery of a message to an endpoint without reading the message's other deliveries.
  DROP INDEX delivery_message;
  CREATE INDEX delivery_message ON delivery (message_seq, endpoint_seq);
  -- The rare states of an endpoint's deliveries: ended without success, and being retried.
  CREATE INDEX delivery_ended ON delivery (endpoint_seq, message_seq) WHERE state >= 2;
  CREATE INDEX delivery_retried ON delivery (endpoint_seq, message_seq) WHERE state = 0 AND attempts_total > 0;

  CREATE INDEX endpoint_ever ON endpoint (application_seq, seq);

  -- Used to count an endpoint's failed attempts.
  CREATE INDEX attempt_failed ON attempt (endpoint_seq, seq) WHERE reason IS NOT NULL;

  CREATE TABLE poller (
    application_seq INTEGER NOT NULL,
    sink TEXT NOT NULL,
    consumer TEXT NOT NULL,
    cursor INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (application_seq, sink, consumer)
  ) STRICT, WITHOUT ROWID;
  `,
  "ALTER TABLE token ADD COLUMN scopes TEXT;",
  `
  -- Converts the parameters of stored replays from the numbers of the Svix API to words.
  UPDATE task SET data = json_set(data, '$.status',
    json_extract('["delivered", "waiting", "failed", "retrying", "cancelled"]', '$[' || json_extract(data, '$.status') || ']'))
  WHERE kind = 'endpoint.bulk-replay' AND json_type(data, '$.status') = 'integer';

  UPDATE task SET data = json_remove(json_set(data, '$.responseClass',
    json_extract('["none", "1xx", "2xx", "3xx", "4xx", "5xx"]', '$[' || (json_extract(data, '$.statusCodeClass') / 100) || ']')),
    '$.statusCodeClass')
  WHERE kind = 'endpoint.bulk-replay' AND json_type(data, '$.statusCodeClass') = 'integer';
  `,
  // A note by the HTTP client about a response, for example about a skipped header line.
  "ALTER TABLE attempt ADD COLUMN note TEXT;",
  `
  -- Earlier releases stored no ended_at for deliveries cancelled by expunging, and kept
  -- ended_at and reason of dropped dead letters. The due time replaces an unknown ended_at.
  UPDATE delivery SET reason = NULL, ended_at = COALESCE(ended_at, MIN(due_at, unixepoch() * 1000))
  WHERE state >= 2 AND state = 3 AND (ended_at IS NULL OR reason IS NOT NULL);
  `,
  // The headers and the password of the URL, encrypted. See `sealEndpoints`.
  "ALTER TABLE endpoint ADD COLUMN sealed BLOB;",
  // An index of the attempts that ended a second or more after their start. See
  // `attempt-window.ts`.
  `CREATE INDEX attempt_long ON attempt (endpoint_seq, seq, started_at)
   WHERE seq - started_at * 4096 >= -7109384597504000;`,
  // A hash of the body and content type of the first request with a key.
  "ALTER TABLE idempotency ADD COLUMN body_hash BLOB;",
  `
  CREATE TABLE source (
    seq INTEGER PRIMARY KEY,
    environment_seq INTEGER NOT NULL,
    application_seq INTEGER NOT NULL,
    uid TEXT,
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    provider TEXT NOT NULL,
    verification TEXT NOT NULL,
    answer TEXT,
    event_type TEXT,
    deduplicate TEXT,
    ingest_rate INTEGER,
    metadata TEXT NOT NULL,
    last_run_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    -- A deleted source is kept until its log is pruned.
    deleted_at INTEGER,
    -- The configuration and a captured secret, encrypted.
    sealed BLOB,
    count_stored INTEGER NOT NULL DEFAULT 0,
    count_duplicate INTEGER NOT NULL DEFAULT 0,
    count_refused INTEGER NOT NULL DEFAULT 0,
    count_limited INTEGER NOT NULL DEFAULT 0,
    count_handshake INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE INDEX source_environment ON source (environment_seq, seq) WHERE deleted_at IS NULL;
  CREATE UNIQUE INDEX source_uid ON source (environment_seq, uid) WHERE uid IS NOT NULL AND deleted_at IS NULL;
  CREATE INDEX source_cron ON source (seq) WHERE provider = 'cron' AND deleted_at IS NULL;
  CREATE INDEX source_deleted ON source (seq) WHERE deleted_at IS NOT NULL;

  -- The tokens of the door. The token without an expiry is the current one. rotation is 0 for the
  -- first token of a source.
  CREATE TABLE source_token (
    sha256 BLOB PRIMARY KEY,
    source_seq INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    rotation INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX source_token_source ON source_token (source_seq);
  CREATE INDEX source_token_expiry ON source_token (expires_at) WHERE expires_at IS NOT NULL;

  CREATE TABLE source_log (
    seq INTEGER PRIMARY KEY,
    source_seq INTEGER NOT NULL,
    status INTEGER NOT NULL,
    cause TEXT NOT NULL,
    error_text TEXT NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    address TEXT NOT NULL,
    headers TEXT NOT NULL,
    payload BLOB NOT NULL,
    created_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX source_log_source ON source_log (source_seq, seq);

  -- The source that the application stands behind.
  ALTER TABLE application ADD COLUMN source_seq INTEGER;
  CREATE INDEX application_source ON application (source_seq) WHERE source_seq IS NOT NULL;

  -- How a source received the message.
  ALTER TABLE message ADD COLUMN received TEXT;
  `,
  `
  -- Counts of an environment, an application or an endpoint in one period. See "core/series.ts".
  CREATE TABLE series (
    scope_seq INTEGER NOT NULL,
    step_ms INTEGER NOT NULL,
    start_at INTEGER NOT NULL,
    accepted INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    delivered INTEGER NOT NULL,
    dead INTEGER NOT NULL,
    durations TEXT NOT NULL,
    PRIMARY KEY (scope_seq, step_ms, start_at)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX series_age ON series (step_ms, start_at);
  `,
  // Always null: the transformation is in the column `sealed`.
  "ALTER TABLE endpoint ADD COLUMN transformation TEXT;",
  // The newest idempotency keys of messages. See "recent-keys.ts".
  `
  CREATE TABLE recent_key (
    message_seq INTEGER PRIMARY KEY,
    key BLOB NOT NULL,
    expires_at INTEGER NOT NULL,
    body_hash BLOB
  ) STRICT;
  `,
  // The endpoints in lists of an environment. Rows of deleted endpoints are never removed.
  "CREATE INDEX endpoint_listed ON endpoint (seq) WHERE deleted_at IS NULL;",
  // Null unless the deliveries of the environment are paused.
  "ALTER TABLE environment ADD COLUMN paused_at INTEGER;",
  `
  ALTER TABLE endpoint ADD COLUMN disabled_at INTEGER;
  ALTER TABLE endpoint ADD COLUMN disabled_cause TEXT;
  `,
  // The headers of a failed attempt, encrypted, because they contain those of the endpoint.
  "ALTER TABLE attempt ADD COLUMN sealed BLOB;",
  // The messages with dead letters, in the order of the list of messages.
  "CREATE INDEX delivery_dead_message ON delivery (message_seq) WHERE state = 2;",
  // The dead letters of an endpoint by reason.
  "CREATE INDEX delivery_dead_reason ON delivery (endpoint_seq, reason, ended_at) WHERE state = 2;",
];

/** The schema of the first release, which is step 1 of the migrations. It is never changed. */
export const FIRST_SCHEMA = `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

  CREATE TABLE environment (
    seq INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, created_at INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE application (
    seq INTEGER PRIMARY KEY,
    environment_seq INTEGER NOT NULL,
    uid TEXT,
    name TEXT NOT NULL,
    throttle_rate INTEGER,
    metadata TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER
  ) STRICT;
  CREATE INDEX application_environment ON application (environment_seq, seq) WHERE deleted_at IS NULL;
  CREATE UNIQUE INDEX application_uid ON application (environment_seq, uid) WHERE uid IS NOT NULL AND deleted_at IS NULL;

  CREATE TABLE event_type (
    seq INTEGER PRIMARY KEY,
    environment_seq INTEGER NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    archived INTEGER NOT NULL,
    deprecated INTEGER NOT NULL,
    schemas TEXT,
    feature_flags TEXT NOT NULL,
    group_name TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (environment_seq, name)
  ) STRICT;

  CREATE TABLE endpoint (
    seq INTEGER PRIMARY KEY,
    application_seq INTEGER NOT NULL,
    uid TEXT,
    url TEXT NOT NULL,
    description TEXT NOT NULL,
    disabled INTEGER NOT NULL,
    event_types TEXT,
    channels TEXT,
    metadata TEXT NOT NULL,
    headers TEXT NOT NULL,
    version INTEGER NOT NULL,
    throttle_rate INTEGER,
    concurrency INTEGER,
    fifo INTEGER NOT NULL,
    timeout_ms INTEGER,
    retry_schedule TEXT,
    paused INTEGER NOT NULL,
    failing_since INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER
  ) STRICT;
  CREATE INDEX endpoint_application ON endpoint (application_seq, seq) WHERE deleted_at IS NULL;
  CREATE INDEX endpoint_failing ON endpoint (application_seq) WHERE failing_since IS NOT NULL AND deleted_at IS NULL;
  CREATE UNIQUE INDEX endpoint_uid ON endpoint (application_seq, uid) WHERE uid IS NOT NULL AND deleted_at IS NULL;

  CREATE TABLE endpoint_secret (
    id INTEGER PRIMARY KEY,
    endpoint_seq INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    expires_at INTEGER
  ) STRICT;
  CREATE INDEX endpoint_secret_endpoint ON endpoint_secret (endpoint_seq);

  CREATE TABLE message (
    seq INTEGER PRIMARY KEY,
    application_seq INTEGER NOT NULL,
    event_type TEXT NOT NULL,
    event_id TEXT,
    channels TEXT,
    tags TEXT,
    payload BLOB,
    content_type TEXT,
    headers TEXT,
    accepted_at INTEGER NOT NULL,
    payload_expires_at INTEGER
  ) STRICT;
  CREATE INDEX message_application ON message (application_seq, seq);
  CREATE UNIQUE INDEX message_event_id ON message (application_seq, event_id) WHERE event_id IS NOT NULL;
  CREATE INDEX message_expiry ON message (payload_expires_at) WHERE payload_expires_at IS NOT NULL;

  CREATE TABLE delivery (
    seq INTEGER PRIMARY KEY,
    message_seq INTEGER NOT NULL,
    endpoint_seq INTEGER NOT NULL,
    state INTEGER NOT NULL,
    position INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    attempts_total INTEGER NOT NULL,
    round INTEGER NOT NULL,
    trigger INTEGER NOT NULL,
    reason TEXT,
    ended_at INTEGER
  ) STRICT;
  CREATE INDEX delivery_lane ON delivery (endpoint_seq, position) WHERE state = 0;
  CREATE INDEX delivery_message ON delivery (message_seq);
  CREATE INDEX delivery_dead ON delivery (seq) WHERE state = 2;
  CREATE INDEX delivery_dead_endpoint ON delivery (endpoint_seq, seq) WHERE state = 2;

  CREATE TABLE attempt (
    seq INTEGER PRIMARY KEY,
    delivery_seq INTEGER NOT NULL,
    message_seq INTEGER NOT NULL,
    endpoint_seq INTEGER NOT NULL,
    url TEXT NOT NULL,
    reason TEXT,
    response_status INTEGER NOT NULL,
    response BLOB,
    duration_ms INTEGER NOT NULL,
    trigger INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    next_attempt_at INTEGER
  ) STRICT;
  CREATE INDEX attempt_message ON attempt (message_seq, seq);
  CREATE INDEX attempt_endpoint ON attempt (endpoint_seq, seq);

  CREATE TABLE idempotency (
    key BLOB PRIMARY KEY,
    status INTEGER NOT NULL,
    body TEXT,
    message_seq INTEGER,
    expires_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX idempotency_expiry ON idempotency (expires_at);

  CREATE TABLE token (
    seq INTEGER PRIMARY KEY,
    sha256 BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL,
    environment_seq INTEGER NOT NULL,
    application_seq INTEGER,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER
  ) STRICT;

  CREATE TABLE task (
    seq INTEGER PRIMARY KEY,
    environment_seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    data TEXT NOT NULL,
    updated_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX task_running ON task (status) WHERE status = 'running';
  `;

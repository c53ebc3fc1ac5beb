/**
 * The tables of the configuration. The columns are those of SQLite, so that both share their mapping: truth values are
 * 0 or 1, and JSON is text, because `jsonb` neither keeps its form nor accepts every text.
 */
export const CONFIGURATION: readonly string[] = [
  `CREATE TABLE environment (
    seq bigint PRIMARY KEY, name text COLLATE "C" NOT NULL UNIQUE, created_at bigint NOT NULL,
    type text NOT NULL DEFAULT 'production', updated_at bigint NOT NULL DEFAULT 0, paused_at bigint
  )`,
  `CREATE TABLE application (
    seq bigint PRIMARY KEY, environment_seq bigint NOT NULL, uid text, name text NOT NULL, throttle_rate bigint,
    metadata text NOT NULL, created_at bigint NOT NULL, updated_at bigint NOT NULL, deleted_at bigint,
    operational smallint NOT NULL DEFAULT 0, source_seq bigint, quota text
  )`,
  `CREATE INDEX application_environment ON application (environment_seq, seq) WHERE deleted_at IS NULL`,
  `CREATE UNIQUE INDEX application_uid ON application (environment_seq, uid) WHERE uid IS NOT NULL AND deleted_at IS NULL`,
  `CREATE UNIQUE INDEX application_operational ON application (environment_seq) WHERE operational = 1`,
  `CREATE INDEX application_source ON application (source_seq) WHERE source_seq IS NOT NULL`,
  `CREATE TABLE event_type (
    seq bigint PRIMARY KEY, environment_seq bigint NOT NULL, name text COLLATE "C" NOT NULL, description text NOT NULL,
    archived smallint NOT NULL, deprecated smallint NOT NULL, schemas text, feature_flags text NOT NULL, group_name text,
    created_at bigint NOT NULL, updated_at bigint NOT NULL, validation text NOT NULL DEFAULT 'warn',
    compatibility text NOT NULL DEFAULT 'off', UNIQUE (environment_seq, name)
  )`,
  `CREATE TABLE endpoint (
    seq bigint PRIMARY KEY, application_seq bigint NOT NULL, uid text, url text NOT NULL, description text NOT NULL,
    disabled smallint NOT NULL, event_types text, channels text, metadata text NOT NULL, headers text NOT NULL,
    version bigint NOT NULL, throttle_rate bigint, concurrency bigint, fifo smallint NOT NULL, timeout_ms bigint,
    retry_schedule text, paused smallint NOT NULL, failing_since bigint, created_at bigint NOT NULL,
    updated_at bigint NOT NULL, deleted_at bigint, sealed bytea, transformation text, disabled_at bigint,
    disabled_cause text, auth text, tls text, filter text, challenge text, batch text, function text, api_version text,
    payload_mode text NOT NULL DEFAULT 'full'
  )`,
  `CREATE INDEX endpoint_application ON endpoint (application_seq, seq)`,
  `CREATE UNIQUE INDEX endpoint_uid ON endpoint (application_seq, uid) WHERE uid IS NOT NULL AND deleted_at IS NULL`,
  `CREATE INDEX endpoint_any_uid ON endpoint (uid) WHERE uid IS NOT NULL AND deleted_at IS NULL`,
  `CREATE INDEX endpoint_api_version ON endpoint (api_version) WHERE api_version IS NOT NULL AND deleted_at IS NULL`,
  `CREATE INDEX endpoint_challenge ON endpoint (((challenge::json ->> 'nextAt')::bigint))
     WHERE challenge::json ->> 'nextAt' IS NOT NULL AND disabled = 0 AND deleted_at IS NULL`,
  // The endpoints that the lists of failing, disabled and paused ones, and their counts, read.
  `CREATE INDEX endpoint_failing ON endpoint (seq) WHERE failing_since IS NOT NULL AND deleted_at IS NULL`,
  `CREATE INDEX endpoint_disabled ON endpoint (seq) WHERE disabled = 1 AND deleted_at IS NULL`,
  `CREATE INDEX endpoint_disabled_at ON endpoint (disabled_at) WHERE disabled_at IS NOT NULL AND deleted_at IS NULL`,
  `CREATE INDEX endpoint_paused ON endpoint (seq) WHERE paused = 1 AND disabled = 0 AND deleted_at IS NULL`,
  `CREATE TABLE endpoint_secret (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, endpoint_seq bigint NOT NULL, sealed bytea NOT NULL, expires_at bigint
  )`,
  `CREATE INDEX endpoint_secret_endpoint ON endpoint_secret (endpoint_seq)`,
  `CREATE TABLE payload_version (
    seq bigint PRIMARY KEY, environment_seq bigint NOT NULL, version text COLLATE "C" NOT NULL, description text NOT NULL,
    event_types text, downgrade text, deprecated_at bigint, sunset_at bigint, deleted_seq bigint,
    created_at bigint NOT NULL, updated_at bigint NOT NULL
  )`,
  `CREATE UNIQUE INDEX payload_version_name ON payload_version (environment_seq, version) WHERE deleted_seq IS NULL`,
  `CREATE TABLE token (
    seq bigint PRIMARY KEY, sha256 bytea NOT NULL UNIQUE, name text NOT NULL, environment_seq bigint NOT NULL,
    application_seq bigint, created_at bigint NOT NULL, expires_at bigint, revoked_at bigint, capabilities text,
    feature_flags text NOT NULL DEFAULT '[]', session_id text, hint text NOT NULL DEFAULT '', scopes text,
    read_only smallint NOT NULL DEFAULT 0, last_used_at bigint
  )`,
  `CREATE INDEX token_environment ON token (environment_seq, application_seq, seq)`,
  `CREATE INDEX token_application ON token (application_seq) WHERE application_seq IS NOT NULL`,
  `CREATE INDEX token_expiry ON token (expires_at) WHERE expires_at IS NOT NULL`,
  // An application's JWTs issued up to issued_until expire at ends_at.
  `CREATE TABLE jwt_end (application_seq bigint NOT NULL, issued_until bigint NOT NULL, ends_at bigint NOT NULL)`,
  `CREATE INDEX jwt_end_application ON jwt_end (application_seq)`,
  `CREATE TABLE session (
    seq bigint PRIMARY KEY, sha256 bytea NOT NULL UNIQUE, environment_seq bigint, owner_sha256 bytea NOT NULL,
    token_seq bigint, unsigned_jwt text, "user" text, name text NOT NULL, user_agent text NOT NULL, address text NOT NULL,
    created_at bigint NOT NULL, last_used_at bigint NOT NULL, expires_at bigint NOT NULL,
    -- The session ends at this time if it is not used before.
    ends_at bigint NOT NULL
  )`,
  `CREATE INDEX session_end ON session (ends_at)`,
  `CREATE INDEX session_environment ON session (environment_seq, seq)`,
  `CREATE INDEX session_owner ON session (owner_sha256, last_used_at)`,
  `CREATE TABLE audit (
    seq bigint PRIMARY KEY, environment_seq bigint NOT NULL, actor_kind text NOT NULL, actor_id text, actor_name text,
    action text NOT NULL, subject text NOT NULL, done smallint NOT NULL, at bigint NOT NULL
  )`,
  `CREATE INDEX audit_environment ON audit (environment_seq, seq)`,
];

/** The tables of sources. Those of their messages are the tables of all messages. */
export const SOURCES: readonly string[] = [
  `CREATE TABLE source (
    seq bigint PRIMARY KEY, environment_seq bigint NOT NULL, application_seq bigint NOT NULL, uid text, name text NOT NULL,
    type text NOT NULL, provider text NOT NULL, verification text NOT NULL, answer text, event_type text,
    deduplicate text, ingest_rate bigint, metadata text NOT NULL, disabled smallint NOT NULL DEFAULT 0, last_run_at bigint,
    created_at bigint NOT NULL, updated_at bigint NOT NULL,
    -- A deleted source is kept until its log is pruned.
    deleted_at bigint,
    -- The configuration and a captured secret, encrypted.
    sealed bytea,
    count_stored bigint NOT NULL DEFAULT 0, count_duplicate bigint NOT NULL DEFAULT 0,
    count_refused bigint NOT NULL DEFAULT 0, count_limited bigint NOT NULL DEFAULT 0,
    count_handshake bigint NOT NULL DEFAULT 0
  )`,
  `CREATE INDEX source_environment ON source (environment_seq, seq) WHERE deleted_at IS NULL`,
  `CREATE UNIQUE INDEX source_uid ON source (environment_seq, uid) WHERE uid IS NOT NULL AND deleted_at IS NULL`,
  `CREATE INDEX source_provider ON source (provider, seq) WHERE deleted_at IS NULL`,
  `CREATE INDEX source_deleted ON source (seq) WHERE deleted_at IS NOT NULL`,
  // The tokens of the door. The token without an expiry is the current one. rotation is 0 for the
  // first token of a source.
  `CREATE TABLE source_token (
    sha256 bytea PRIMARY KEY, source_seq bigint NOT NULL, sealed bytea NOT NULL, rotation smallint NOT NULL,
    created_at bigint NOT NULL, expires_at bigint
  )`,
  `CREATE INDEX source_token_source ON source_token (source_seq)`,
  `CREATE INDEX source_token_expiry ON source_token (expires_at) WHERE expires_at IS NOT NULL`,
  `CREATE TABLE source_log (
    seq bigint PRIMARY KEY, source_seq bigint NOT NULL, status integer NOT NULL, cause text NOT NULL, error_text text NOT NULL,
    method text NOT NULL, path text NOT NULL, address text NOT NULL, headers text NOT NULL, payload bytea NOT NULL,
    created_at bigint NOT NULL
  )`,
  `CREATE INDEX source_log_source ON source_log (source_seq, seq)`,
];

/** The tables of consumers that fetch messages. */
export const POLLERS: readonly string[] = [
  `CREATE TABLE poller (
    application_seq bigint NOT NULL, sink text NOT NULL, consumer text NOT NULL, cursor bigint NOT NULL,
    updated_at bigint NOT NULL, PRIMARY KEY (application_seq, sink, consumer)
  )`,
  // Groups of workers, and the messages that they have leased. See "poller-groups.ts".
  `CREATE TABLE poller_group (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, application_seq bigint NOT NULL, sink text NOT NULL,
    name text NOT NULL, cursor bigint NOT NULL, updated_at bigint NOT NULL
  )`,
  `CREATE UNIQUE INDEX poller_group_name ON poller_group (application_seq, sink, name)`,
  `CREATE TABLE poller_lease (
    group_id bigint NOT NULL, message_seq bigint NOT NULL, times integer NOT NULL,
    -- 0 after the message was given back.
    ends_at bigint NOT NULL, PRIMARY KEY (group_id, message_seq)
  )`,
  `CREATE INDEX poller_lease_end ON poller_lease (group_id, ends_at)`,
];

/** Counts over time, notices to people, and the links to payloads that have been used. */
export const RECORDS: readonly string[] = [
  // Counts of an environment, an application or an endpoint in one period. See "core/series.ts".
  `CREATE TABLE series (
    scope_seq bigint NOT NULL, step_ms bigint NOT NULL, start_at bigint NOT NULL, accepted bigint NOT NULL,
    attempts bigint NOT NULL, failed bigint NOT NULL, delivered bigint NOT NULL, dead bigint NOT NULL,
    durations bigint[] NOT NULL, PRIMARY KEY (scope_seq, step_ms, start_at)
  )`,
  `CREATE INDEX series_age ON series (step_ms, start_at)`,
  `CREATE TABLE notice (
    channel text NOT NULL, subject_seq bigint NOT NULL, kind text NOT NULL, since bigint NOT NULL, sent_at bigint NOT NULL,
    open smallint NOT NULL, PRIMARY KEY (channel, subject_seq, kind)
  )`,
  `CREATE INDEX notice_subject ON notice (subject_seq)`,
  `CREATE TABLE payload_link_use (link_seq bigint PRIMARY KEY)`,
];

import { LANE_PARTITIONS } from "./lane-partition.ts";
import { SLOTS } from "./numbers.ts";

/** The tables about the processes that use the database. */
const PROCESSES = [
  `CREATE TABLE meta (name text PRIMARY KEY, value text NOT NULL)`,
  // A row for each process that can use the database at the same time. See "instance.ts".
  `CREATE TABLE instance (
    slot integer PRIMARY KEY,
    fence bigint NOT NULL,
    -- Number of the last transaction under this fence.
    commits bigint NOT NULL,
    -- Numbers of the slot up to this one are reserved.
    reached bigint NOT NULL,
    expires_at timestamptz NOT NULL,
    -- Whether the process serves lanes. Commands do not.
    serves boolean NOT NULL DEFAULT false
  ) WITH (fillfactor = 10)`,
  `INSERT INTO instance SELECT slot, 0, 0, 0, '-infinity' FROM generate_series(0, ${SLOTS - 1}) AS slot`,
  // The shares of the lanes, and the instances that serve them. See "claims.ts".
  `CREATE TABLE lane_partition (number integer PRIMARY KEY, slot integer NOT NULL, fence bigint NOT NULL)`,
  `INSERT INTO lane_partition SELECT number, -1, -1 FROM generate_series(0, ${LANE_PARTITIONS - 1}) AS number`,
];

/**
 * The configuration. The columns are those of SQLite, so that both share their mapping: truth values are
 * 0 or 1, and JSON is text, because `jsonb` neither keeps its form nor accepts every text.
 */
const CONFIGURATION = [
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
  `CREATE TABLE endpoint_secret (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, endpoint_seq bigint NOT NULL, sealed bytea NOT NULL, expires_at bigint
  )`,
  `CREATE INDEX endpoint_secret_endpoint ON endpoint_secret (endpoint_seq)`,
  `CREATE TABLE payload_version (
    seq bigint PRIMARY KEY, environment_seq bigint NOT NULL, version text NOT NULL, description text NOT NULL,
    event_types text, downgrade text, deprecated_at bigint, sunset_at bigint, deleted_seq bigint,
    created_at bigint NOT NULL, updated_at bigint NOT NULL
  )`,
  `CREATE UNIQUE INDEX payload_version_name ON payload_version (environment_seq, version) WHERE deleted_seq IS NULL`,
];

/**
 * Messages and attempts are only appended, in tables with a partition for each day ("days.ts"), which
 * the retention drops whole. `pending` has only what waits. A delivery that ends moves to `ended`.
 */
const QUEUE = [
  `CREATE TABLE message (
    seq bigint NOT NULL, application_seq bigint NOT NULL, accepted_at bigint NOT NULL, payload_expires_at bigint,
    deliver_at bigint, event_type text NOT NULL, event_id text, channels text, tags text, content_type text,
    headers text, warnings text, received text, payload bytea, PRIMARY KEY (seq)
  ) PARTITION BY RANGE (seq)`,
  `CREATE INDEX message_application ON message (application_seq, seq)`,
  // A partitioned table cannot have a unique index without the number.
  `CREATE TABLE event_id (
    application_seq bigint NOT NULL, event_id text COLLATE "C" NOT NULL, message_seq bigint NOT NULL,
    PRIMARY KEY (application_seq, event_id)
  )`,
  `CREATE TABLE pending (
    seq bigint NOT NULL, message_seq bigint NOT NULL, endpoint_seq bigint NOT NULL, position bigint NOT NULL,
    due_at bigint NOT NULL, batch_seq bigint, attempts integer NOT NULL, attempts_total integer NOT NULL,
    round integer NOT NULL, trigger smallint NOT NULL, PRIMARY KEY (message_seq, endpoint_seq)
  ) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0)`,
  `CREATE INDEX pending_lane ON pending (endpoint_seq, position, seq)`,
  `CREATE TABLE ended (
    seq bigint NOT NULL, message_seq bigint NOT NULL, endpoint_seq bigint NOT NULL, due_at bigint NOT NULL,
    ended_at bigint NOT NULL, attempts_total integer NOT NULL, round integer NOT NULL, state smallint NOT NULL,
    reason text, PRIMARY KEY (message_seq, endpoint_seq)
  ) PARTITION BY RANGE (message_seq)`,
  `CREATE INDEX ended_dead ON ended (endpoint_seq, seq) WHERE state = 2`,
  `CREATE TABLE attempt (
    seq bigint NOT NULL, delivery_seq bigint NOT NULL, message_seq bigint NOT NULL, endpoint_seq bigint NOT NULL,
    started_at bigint NOT NULL, next_attempt_at bigint, batch_seq bigint, response_in bigint, duration_ms integer NOT NULL,
    response_status smallint NOT NULL, trigger smallint NOT NULL, url text NOT NULL, reason text, note text,
    response bytea, sealed bytea, PRIMARY KEY (endpoint_seq, seq)
  ) PARTITION BY RANGE (seq)`,
  `CREATE INDEX attempt_message ON attempt (message_seq, seq)`,
  // Attempts are appended nearly in the order of their numbers, so this index is tiny.
  `CREATE INDEX attempt_seq ON attempt USING brin (seq) WITH (pages_per_range = 8)`,
  `CREATE TABLE idempotency (
    key bytea PRIMARY KEY, status integer NOT NULL, message_seq bigint, expires_at bigint NOT NULL, sealed bytea, body_hash bytea
  )`,
  `CREATE TABLE function_send (
    delivery_seq bigint NOT NULL, number integer NOT NULL, message_seq bigint NOT NULL, hops integer NOT NULL,
    PRIMARY KEY (delivery_seq, number)
  )`,
  `CREATE INDEX function_send_message ON function_send (message_seq)`,
  `CREATE TABLE quota_usage (
    application_seq bigint PRIMARY KEY, counted_to bigint NOT NULL, day bigint NOT NULL, messages bigint NOT NULL,
    stored_bytes bigint NOT NULL
  )`,
];

/** Work in the background. */
const TASKS = [
  `CREATE TABLE task (
    seq bigint PRIMARY KEY, environment_seq bigint NOT NULL, kind text NOT NULL, status text NOT NULL, data text NOT NULL,
    updated_at bigint NOT NULL,
    -- The instance that holds the lease.
    slot integer NOT NULL, fence bigint NOT NULL
  )`,
  `CREATE INDEX task_environment ON task (environment_seq, seq)`,
  `CREATE INDEX task_running ON task (seq) WHERE status = 'running'`,
];

/** The schema of the first release. */
export const FIRST_SCHEMA: readonly string[] = [...PROCESSES, ...CONFIGURATION, ...QUEUE, ...TASKS];

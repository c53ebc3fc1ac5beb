import { LANE_PARTITIONS } from "../instances/lane-partition.ts";
import { SLOTS } from "../instances/numbers.ts";
import { CONFIGURATION, POLLERS, RECORDS, SOURCES } from "./configuration-schema.ts";
import { CONSTRAINTS } from "./constraints.ts";

/** The tables about the processes that use the database. */
const PROCESSES = [
  `CREATE TABLE meta (name text PRIMARY KEY, value text NOT NULL)`,
  // A row for each process that can use the database at the same time. See "instance.ts".
  `CREATE TABLE instance (
    slot integer PRIMARY KEY,
    fence bigint NOT NULL,
    -- Number of the last transaction under this fence.
    commits bigint NOT NULL,
    -- The process has committed everything up to this number. See "horizon.ts".
    floor bigint NOT NULL,
    -- Numbers of the slot up to this one are reserved.
    reached bigint NOT NULL,
    expires_at timestamptz NOT NULL,
    -- Identifies the process that has the row, or had it last.
    owner text NOT NULL DEFAULT '',
    -- Whether a process has the row. One whose lease has expired still has it until it is evicted.
    held boolean NOT NULL DEFAULT false,
    -- Whether the process serves lanes. Commands do not.
    serves boolean NOT NULL DEFAULT false
  ) WITH (fillfactor = 10)`,
  `INSERT INTO instance (slot, fence, commits, floor, reached, expires_at)
    SELECT slot, 0, 0, 0, 0, '-infinity' FROM generate_series(0, ${SLOTS - 1}) AS slot`,
  // What the processes have changed, for the others. See "feed.ts".
  `CREATE TABLE change (
    slot integer NOT NULL, fence bigint NOT NULL, number bigint NOT NULL, body text NOT NULL,
    stored_at timestamptz NOT NULL DEFAULT clock_timestamp(), PRIMARY KEY (slot, fence, number)
  )`,
  // The shares of the lanes, and the instances that serve them. See "claims.ts".
  `CREATE TABLE lane_partition (number integer PRIMARY KEY, slot integer NOT NULL, fence bigint NOT NULL)`,
  `INSERT INTO lane_partition SELECT number, -1, -1 FROM generate_series(0, ${LANE_PARTITIONS - 1}) AS number`,
];

/** The instance that does what must be done once. See "leader.ts". */
const LEADER = [
  `CREATE TABLE leader (slot integer NOT NULL, fence bigint NOT NULL)`,
  `INSERT INTO leader VALUES (-1, -1)`,
];

/** Lanes that are not served by the instance that has their partition. See "preferred-lanes.ts". */
const PREFERRED_LANES = [
  `CREATE TABLE preferred_lane (
    endpoint_seq bigint PRIMARY KEY, slot integer NOT NULL, fence bigint NOT NULL, ready boolean NOT NULL
  )`,
];

/**
 * Messages and attempts are only appended, in day tables ("days.ts"), which the retention drops whole.
 * `pending` has only what waits. A delivery that ends moves to `ended`.
 */
const QUEUE = [
  `CREATE TABLE message (
    seq bigint NOT NULL, application_seq bigint NOT NULL, accepted_at bigint NOT NULL, payload_expires_at bigint,
    deliver_at bigint, event_type text NOT NULL, event_id text, channels text, tags text, content_type text,
    headers text, warnings text, received text, payload bytea, PRIMARY KEY (seq)
  ) PARTITION BY RANGE (seq)`,
  `CREATE INDEX message_application ON message (application_seq, seq)`,
  `CREATE INDEX message_payload_expiry ON message (payload_expires_at, seq) WHERE payload_expires_at IS NOT NULL`,
  // A table that is divided by days cannot have a unique index without the sequence number.
  `CREATE TABLE event_id (
    application_seq bigint NOT NULL, event_id text COLLATE "C" NOT NULL, message_seq bigint NOT NULL,
    PRIMARY KEY (application_seq, event_id)
  )`,
  `CREATE INDEX event_id_message ON event_id (message_seq)`,
  `CREATE TABLE pending (
    seq bigint NOT NULL, message_seq bigint NOT NULL, endpoint_seq bigint NOT NULL, position bigint NOT NULL,
    due_at bigint NOT NULL, batch_seq bigint, attempts integer NOT NULL, attempts_total integer NOT NULL,
    round integer NOT NULL, trigger smallint NOT NULL, PRIMARY KEY (message_seq, endpoint_seq)
  ) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0)`,
  `CREATE INDEX pending_lane ON pending (endpoint_seq, position, seq)`,
  `CREATE INDEX pending_batch ON pending (batch_seq) WHERE batch_seq IS NOT NULL`,
  `CREATE TABLE ended (
    seq bigint NOT NULL, message_seq bigint NOT NULL, endpoint_seq bigint NOT NULL, due_at bigint NOT NULL,
    ended_at bigint NOT NULL, attempts_total integer NOT NULL, round integer NOT NULL, state smallint NOT NULL,
    reason text, PRIMARY KEY (message_seq, endpoint_seq)
  ) PARTITION BY RANGE (message_seq)`,
  `CREATE INDEX ended_dead ON ended (seq) WHERE state = 2`,
  `CREATE INDEX ended_dead_reason ON ended (reason, ended_at) WHERE state = 2`,
  `CREATE INDEX ended_rare ON ended (endpoint_seq, seq) WHERE state >= 2`,
  `CREATE TABLE attempt (
    seq bigint NOT NULL, delivery_seq bigint NOT NULL, message_seq bigint NOT NULL, endpoint_seq bigint NOT NULL,
    started_at bigint NOT NULL, next_attempt_at bigint, batch_seq bigint, response_in bigint, duration_ms integer NOT NULL,
    response_status smallint NOT NULL, trigger smallint NOT NULL, url text NOT NULL, reason text, note text,
    response bytea, sealed bytea, PRIMARY KEY (endpoint_seq, seq)
  ) PARTITION BY RANGE (seq)`,
  `CREATE INDEX attempt_message ON attempt (message_seq, seq)`,
  `CREATE INDEX attempt_batch ON attempt (batch_seq, seq) WHERE batch_seq IS NOT NULL`,
  // Why an endpoint is failing. Successful attempts are not in it.
  `CREATE INDEX attempt_failed ON attempt (endpoint_seq, seq) WHERE reason IS NOT NULL`,
  // Attempts are appended nearly in the order of their numbers, so this index is tiny.
  `CREATE INDEX attempt_seq ON attempt USING brin (seq) WITH (pages_per_range = 8)`,
  `CREATE TABLE idempotency (
    key bytea PRIMARY KEY, status integer NOT NULL, message_seq bigint, expires_at bigint NOT NULL, sealed bytea, body_hash bytea
  )`,
  `CREATE INDEX idempotency_expiry ON idempotency (expires_at)`,
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
export const FIRST_SCHEMA: readonly string[] = [
  ...PROCESSES,
  ...LEADER,
  ...PREFERRED_LANES,
  ...CONFIGURATION,
  ...SOURCES,
  ...POLLERS,
  ...RECORDS,
  ...QUEUE,
  ...TASKS,
  ...CONSTRAINTS,
];

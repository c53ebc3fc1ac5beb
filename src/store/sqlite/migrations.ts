import { earlyMigrations } from "./early-migrations.ts";
import { FIRST_SCHEMA } from "./first-schema.ts";

/**
 * Migration steps that build the schema. A released step is never changed; a later step corrects
 * its errors. `PRAGMA user_version` is the number of the last step that has run.
 *
 * States of a delivery: 0 pending, 1 delivered, 2 dead, 3 cancelled.
 */
export const migrations: readonly string[] = [
  FIRST_SCHEMA,
  ...earlyMigrations,
  // Logins with a browser. The table of changes is copied to get rid of its constraint, which does
  // not allow changes by users.
  `
  CREATE TABLE session (
    seq INTEGER PRIMARY KEY,
    sha256 BLOB NOT NULL UNIQUE,
    environment_seq INTEGER,
    owner_sha256 BLOB NOT NULL,
    token_seq INTEGER,
    unsigned_jwt TEXT,
    user TEXT,
    name TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    address TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    -- The session ends at this time if it is not used before.
    ends_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX session_end ON session (ends_at);
  CREATE INDEX session_environment ON session (environment_seq, seq);
  CREATE INDEX session_owner ON session (owner_sha256, last_used_at);

  ALTER TABLE audit RENAME TO old_audit;
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
  INSERT INTO audit SELECT * FROM old_audit;
  DROP TABLE old_audit;
  CREATE INDEX audit_environment ON audit (environment_seq, seq);
  `,
  "ALTER TABLE token ADD COLUMN read_only INTEGER NOT NULL DEFAULT 0;",
  "CREATE INDEX endpoint_any_uid ON endpoint (uid) WHERE uid IS NOT NULL AND deleted_at IS NULL;",
  // Contains what is needed to count dead letters, except their event types.
  `
  DROP INDEX delivery_dead_message;
  CREATE INDEX delivery_dead_message ON delivery (message_seq, endpoint_seq, reason, ended_at) WHERE state = 2;
  `,
  // The idempotency keys of messages. See "keys/message-keys.ts". Those of earlier versions stay in
  // the table "idempotency" until they expire.
  `
  INSERT OR REPLACE INTO idempotency (key, status, message_seq, expires_at, body_hash)
    SELECT key, 202, message_seq, expires_at, body_hash FROM recent_key;
  DROP TABLE recent_key;
  CREATE TABLE key_log (seq INTEGER PRIMARY KEY, entries BLOB NOT NULL) STRICT;
  CREATE TABLE key_range (start INTEGER PRIMARY KEY, entries BLOB NOT NULL) STRICT;
  `,
  "ALTER TABLE token ADD COLUMN last_used_at INTEGER;",
  // Counted for each request of the metrics.
  `
  CREATE INDEX endpoint_disabled ON endpoint (seq) WHERE disabled = 1 AND deleted_at IS NULL;
  CREATE INDEX endpoint_paused ON endpoint (seq) WHERE paused = 1 AND disabled = 0 AND deleted_at IS NULL;
  `,
  // No change, but earlier versions cannot read a message whose column "received" contains only a trace.
  "SELECT 1;",
  "ALTER TABLE endpoint ADD COLUMN auth TEXT;",
  "ALTER TABLE endpoint ADD COLUMN tls TEXT;",
  // The notices to people, and the endpoints that they are about.
  `
  CREATE TABLE notice (
    channel TEXT NOT NULL,
    subject_seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    since INTEGER NOT NULL,
    sent_at INTEGER NOT NULL,
    open INTEGER NOT NULL,
    PRIMARY KEY (channel, subject_seq, kind)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX notice_subject ON notice (subject_seq);
  CREATE INDEX endpoint_disabled_at ON endpoint (disabled_at) WHERE disabled_at IS NOT NULL AND deleted_at IS NULL;
  `,
  // No change, but earlier versions cannot read the columns "headers" and "received" of received messages.
  "SELECT 1;",
  // The quotas of applications, and what those with a quota for messages use. See "quota-usage.ts".
  `
  ALTER TABLE application ADD COLUMN quota TEXT;
  CREATE TABLE quota_usage (
    application_seq INTEGER PRIMARY KEY,
    counted_to INTEGER NOT NULL,
    day INTEGER NOT NULL,
    messages INTEGER NOT NULL,
    stored_bytes INTEGER NOT NULL
  ) STRICT;
  `,
  // No change, but earlier versions send messages without the transformations of their endpoints, and
  // do not allow a successful attempt to have an encrypted part.
  "SELECT 1;",
  "ALTER TABLE endpoint ADD COLUMN filter TEXT;",
  // The ownership challenge of endpoints that are not verified, and those with a next try.
  `
  ALTER TABLE endpoint ADD COLUMN challenge TEXT;
  CREATE INDEX endpoint_challenge ON endpoint (challenge ->> 'nextAt')
    WHERE challenge ->> 'nextAt' IS NOT NULL AND disabled = 0 AND deleted_at IS NULL;
  `,
  // The limits of an endpoint's batches, and the batches of deliveries and attempts.
  `
  ALTER TABLE endpoint ADD COLUMN batch TEXT;
  ALTER TABLE delivery ADD COLUMN batch_seq INTEGER;
  ALTER TABLE attempt ADD COLUMN batch_seq INTEGER;
  CREATE INDEX delivery_batch ON delivery (batch_seq, message_seq) WHERE batch_seq IS NOT NULL;
  CREATE INDEX attempt_batch ON attempt (batch_seq, seq) WHERE batch_seq IS NOT NULL;
  `,
  // The code of endpoints that are functions, and the messages that functions have sent. See "function-sends.ts".
  `
  ALTER TABLE endpoint ADD COLUMN function TEXT;
  CREATE TABLE function_send (
    delivery_seq INTEGER NOT NULL,
    number INTEGER NOT NULL,
    message_seq INTEGER NOT NULL,
    hops INTEGER NOT NULL,
    PRIMARY KEY (delivery_seq, number)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX function_send_message ON function_send (message_seq);
  `,
  `
  CREATE TABLE payload_version (
    seq INTEGER PRIMARY KEY,
    environment_seq INTEGER NOT NULL,
    version TEXT NOT NULL,
    description TEXT NOT NULL,
    event_types TEXT,
    downgrade TEXT,
    deprecated_at INTEGER, sunset_at INTEGER, deleted_seq INTEGER,
    created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX payload_version_name ON payload_version (environment_seq, version) WHERE deleted_seq IS NULL;
  CREATE INDEX payload_version_listed ON payload_version (environment_seq, version, seq);
  ALTER TABLE endpoint ADD COLUMN api_version TEXT;
  CREATE INDEX endpoint_api_version ON endpoint (api_version) WHERE api_version IS NOT NULL AND deleted_at IS NULL;
  ALTER TABLE event_type ADD COLUMN compatibility TEXT NOT NULL DEFAULT 'off';
  `,
  // Whether deliveries contain the payload or a link to it, the links that have been used, and the key
  // that signs links. See "payload-links.ts".
  `
  ALTER TABLE endpoint ADD COLUMN payload_mode TEXT NOT NULL DEFAULT 'full';
  CREATE TABLE payload_link_use (link_seq INTEGER PRIMARY KEY) STRICT;
  CREATE TABLE payload_link_key (id INTEGER PRIMARY KEY, sealed BLOB NOT NULL) STRICT;
  `,
  // Sources of any one provider are found by an index, not only those of type `cron`.
  `
  ALTER TABLE source ADD COLUMN disabled INTEGER NOT NULL DEFAULT 0;
  DROP INDEX source_cron;
  CREATE INDEX source_provider ON source (provider, seq) WHERE deleted_at IS NULL;
  `,
  // The attempt that stores the response of a batch for the others. It belongs to the youngest message,
  // which the retention deletes last.
  "ALTER TABLE attempt ADD COLUMN response_in INTEGER;",
  // Groups of workers that share the messages of an application, and the messages that they have
  // leased. See "poller-groups.ts".
  `
  CREATE TABLE poller_group (
    id INTEGER PRIMARY KEY,
    application_seq INTEGER NOT NULL,
    sink TEXT NOT NULL,
    name TEXT NOT NULL,
    cursor INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX poller_group_name ON poller_group (application_seq, sink, name);
  CREATE TABLE poller_lease (
    group_id INTEGER NOT NULL,
    message_seq INTEGER NOT NULL,
    times INTEGER NOT NULL,
    -- 0 after the message was given back.
    ends_at INTEGER NOT NULL,
    PRIMARY KEY (group_id, message_seq)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX poller_lease_end ON poller_lease (group_id, ends_at);
  `,
  // Applications that have moved to another installation or come from one, and the ids that rows have
  // kept. See "moves/".
  `
  CREATE TABLE moved_id (id TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX moved_id_seq ON moved_id (seq, id);
  CREATE TABLE departure (
    application_seq INTEGER PRIMARY KEY,
    environment_seq INTEGER NOT NULL,
    uid TEXT,
    url TEXT NOT NULL,
    hold TEXT NOT NULL,
    departed_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX departure_uid ON departure (environment_seq, uid, departed_at) WHERE uid IS NOT NULL;
  CREATE TABLE arrival (
    application_seq INTEGER PRIMARY KEY,
    -- The hold at the origin under which the waiting deliveries were read.
    hold TEXT,
    -- Null until the application is served here.
    arrived_at INTEGER,
    -- The last message of the history that has been stored, by its number at the origin.
    history_to INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX arrival_open ON arrival (application_seq) WHERE arrived_at IS NULL;
  `,
  // Each entry of an index ends with the `seq` of its row, so these indexes do not need it as a column.
  `
  DROP INDEX message_application;
  CREATE INDEX message_application ON message (application_seq);
  DROP INDEX attempt_endpoint;
  CREATE INDEX attempt_endpoint ON attempt (endpoint_seq);
  DROP INDEX attempt_message;
  CREATE INDEX attempt_message ON attempt (message_seq);
  DROP INDEX attempt_failed;
  CREATE INDEX attempt_failed ON attempt (endpoint_seq) WHERE reason IS NOT NULL;
  DROP INDEX attempt_batch;
  CREATE INDEX attempt_batch ON attempt (batch_seq) WHERE batch_seq IS NOT NULL;
  `,
  // The event ids of messages, in place of the index `message_event_id`. See "keys/event-ids.ts".
  `
  CREATE TABLE event_id_log (seq INTEGER PRIMARY KEY, entries BLOB NOT NULL) STRICT;
  CREATE TABLE event_id_range (start INTEGER PRIMARY KEY, entries BLOB NOT NULL) STRICT;
  `,
  // The attempts of each endpoint, in place of the index `attempt_endpoint`. See "deferred-index.ts".
  `
  CREATE TABLE endpoint_attempt (
    endpoint_seq INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (endpoint_seq, seq)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO endpoint_attempt SELECT endpoint_seq, seq FROM attempt ORDER BY endpoint_seq, seq;
  INSERT INTO meta SELECT 'endpoint-attempts-to', MAX(seq) FROM attempt HAVING MAX(seq) IS NOT NULL;
  DROP INDEX attempt_endpoint;
  CREATE TRIGGER attempt_deleted AFTER DELETE ON attempt BEGIN
    DELETE FROM endpoint_attempt WHERE endpoint_seq = old.endpoint_seq AND seq = old.seq;
  END;
  `,
  // The idempotency keys that move with an application. See "moves/keys.ts".
  `
  ALTER TABLE idempotency ADD COLUMN application_seq INTEGER;
  ALTER TABLE idempotency ADD COLUMN stored_seq INTEGER;
  CREATE INDEX idempotency_application ON idempotency (application_seq, stored_seq) WHERE application_seq IS NOT NULL;
  -- The pass over the keys at the origin up to which they are stored here.
  ALTER TABLE arrival ADD COLUMN keys_to TEXT;
  -- The id of the environment that the keys of root callers contain.
  ALTER TABLE arrival ADD COLUMN key_environment TEXT;
  -- The last message that was checked before the arrival.
  ALTER TABLE arrival ADD COLUMN checked_to INTEGER NOT NULL DEFAULT 0;
  -- The messages of arriving applications that stay because a key belongs to them.
  CREATE TABLE arrival_message (
    application_seq INTEGER NOT NULL, message_seq INTEGER NOT NULL, PRIMARY KEY (application_seq, message_seq)
  ) STRICT, WITHOUT ROWID;
  `,
  // The messages of each application, in place of the index `message_application`. See
  // "application-messages.ts".
  `
  CREATE TABLE application_message (
    application_seq INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (application_seq, seq)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO application_message SELECT application_seq, seq FROM message ORDER BY application_seq, seq;
  INSERT INTO meta SELECT 'application-messages-to', MAX(seq) FROM message HAVING MAX(seq) IS NOT NULL;
  DROP INDEX message_application;
  CREATE TRIGGER message_deleted AFTER DELETE ON message BEGIN
    DELETE FROM application_message WHERE application_seq = old.application_seq AND seq = old.seq;
  END;
  `,
  // `arrival_message` has the messages of arriving applications that stay only if somebody waits for them.
  // It had those that stay in any case, which are many more. See "moves/arrived-messages.ts".
  `
  ALTER TABLE arrival_message RENAME TO arrival_kept;
  CREATE TABLE arrival_message (
    application_seq INTEGER NOT NULL, message_seq INTEGER NOT NULL, PRIMARY KEY (application_seq, message_seq)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO arrival_message SELECT a.application_seq, e.seq
    FROM arrival a CROSS JOIN application_message e ON e.application_seq = a.application_seq AND e.seq > a.checked_to
    WHERE a.arrived_at IS NULL;
  -- The newest messages need not have an entry in application_message.
  INSERT OR IGNORE INTO arrival_message SELECT a.application_seq, m.seq
    FROM message m JOIN arrival a ON a.application_seq = m.application_seq AND m.seq > a.checked_to
    WHERE a.arrived_at IS NULL
      AND m.seq > COALESCE((SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'application-messages-to'), 0);
  DELETE FROM arrival_message WHERE (application_seq, message_seq) IN (SELECT * FROM arrival_kept);
  DROP TABLE arrival_kept;
  `,
  // The instant at which the key of a message expires that also stays until then. Null without a key.
  "ALTER TABLE arrival_message ADD COLUMN kept_until INTEGER",
];

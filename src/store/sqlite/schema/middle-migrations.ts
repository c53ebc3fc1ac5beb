/**
 * The migration steps from the order of expiring keys up to the groups of pollers. They are released,
 * so none of them is ever changed. `migrations.ts` continues the list.
 */
export const middleMigrations: readonly string[] = [
  // Orders the keys that expire in the same minute like the table. Moving or deleting them together
  // then changes few pages.
  `
  DROP INDEX idempotency_expiry;
  CREATE INDEX idempotency_expiry ON idempotency (expires_at / 60000);
  `,
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
];

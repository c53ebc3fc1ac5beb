import { earlyMigrations } from "./early-migrations.ts";
import { FIRST_SCHEMA } from "./first-schema.ts";
import { middleMigrations } from "./middle-migrations.ts";

/**
 * Migration steps that build the schema. A released step is never changed; a later step corrects
 * its errors. `PRAGMA user_version` is the number of the last step that has run.
 *
 * States of a delivery: 0 pending, 1 delivered, 2 dead, 3 cancelled.
 */
export const migrations: readonly string[] = [
  FIRST_SCHEMA,
  ...earlyMigrations,
  ...middleMigrations,
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
  // Leaves out the deliveries whose numbers follow their message's, which are found by their primary
  // keys. See "message-deliveries.ts".
  `
  DROP INDEX delivery_message;
  CREATE INDEX delivery_message ON delivery (message_seq, endpoint_seq)
    WHERE seq NOT BETWEEN message_seq + 1 AND message_seq + 16;
  `,
  // The attempts that succeeded at once are found by their deliveries. See "message-attempts.ts".
  `
  -- The first attempt that succeeded, if its column "found_by_delivery" is 1.
  ALTER TABLE delivery ADD COLUMN success_seq INTEGER;
  -- 1 if the index "attempt_message" does not have the attempt. Null otherwise.
  ALTER TABLE attempt ADD COLUMN found_by_delivery INTEGER;
  DROP INDEX attempt_message;
  CREATE INDEX attempt_message ON attempt (message_seq) WHERE found_by_delivery IS NULL;
  CREATE TRIGGER delivery_deleted AFTER DELETE ON delivery WHEN old.success_seq IS NOT NULL BEGIN
    UPDATE attempt SET found_by_delivery = NULL WHERE seq = old.success_seq;
  END;
  `,
];

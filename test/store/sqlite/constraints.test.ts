import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { systemClock } from "../../../src/edge/clock.ts";
import { addConstraints, constraints } from "../../../src/store/sqlite/constraints.ts";
import { openMemoryStore, openStore } from "../../../src/store/sqlite/index.ts";
import { migrate } from "../../../src/store/sqlite/migrate.ts";
import { temporaryDirectory } from "../../support/temporary.ts";
import { optionsFor } from "./open.ts";

/** A valid row of each table. Columns that are left out have defaults. */
const ROWS: Readonly<Record<string, string>> = {
  meta: "meta (name, value) VALUES ('name', 'value')",
  environment: "environment (seq, name, created_at) VALUES (1, 'default', 1)",
  application:
    "application (seq, environment_seq, name, metadata, created_at, updated_at) VALUES (1, 1, '', '{}', 1, 1)",
  event_type: `event_type (seq, environment_seq, name, description, archived, deprecated, feature_flags, created_at, updated_at)
    VALUES (1, 1, 'a', '', 0, 0, '[]', 1, 1)`,
  payload_version: `payload_version (seq, environment_seq, version, description, created_at, updated_at)
    VALUES (1, 1, 'a', '', 1, 1)`,
  endpoint: `endpoint (seq, application_seq, url, description, disabled, metadata, headers, version, fifo, paused, created_at, updated_at)
    VALUES (1, 1, 'https://a.example/', '', 0, '{}', '{}', 1, 0, 0, 1, 1)`,
  endpoint_secret: "endpoint_secret (endpoint_seq, sealed) VALUES (1, zeroblob(29))",
  message: "message (seq, application_seq, event_type, payload, accepted_at) VALUES (1, 1, 'a', X'7b7d', 1)",
  delivery: `delivery (seq, message_seq, endpoint_seq, state, position, due_at, attempts, attempts_total, round, trigger)
    VALUES (1, 1, 1, 0, 1, 1, 0, 0, 0, 0)`,
  attempt: `attempt (seq, delivery_seq, message_seq, endpoint_seq, url, response_status, duration_ms, trigger, started_at)
    VALUES (1, 1, 1, 1, '', 200, 1, 0, 1)`,
  key_log: "key_log (entries) VALUES (zeroblob(80))",
  key_range: "key_range (start, entries) VALUES (0, zeroblob(40))",
  event_id_log: "event_id_log (entries) VALUES (zeroblob(48))",
  event_id_range: "event_id_range (start, entries) VALUES (0, zeroblob(24))",
  idempotency: "idempotency (key, status, message_seq, expires_at) VALUES (zeroblob(32), 202, 1, 1)",
  source: `source (seq, environment_seq, application_seq, name, type, provider, verification, metadata, created_at, updated_at)
    VALUES (1, 1, 1, '', 'a', 'a', 'off', '{}', 1, 1)`,
  source_token: `source_token (sha256, source_seq, sealed, rotation, created_at)
    VALUES (zeroblob(32), 1, zeroblob(29), 0, 1)`,
  source_log: `source_log (seq, source_seq, status, cause, error_text, method, path, address, headers, payload, created_at)
    VALUES (1, 1, 401, 'a', '', 'POST', '/', '', '{}', X'', 1)`,
  token: "token (seq, sha256, name, environment_seq, created_at) VALUES (1, zeroblob(32), '', 1, 1)",
  session: `session (seq, sha256, owner_sha256, name, user_agent, address, created_at, last_used_at, expires_at, ends_at)
    VALUES (1, zeroblob(32), zeroblob(32), '', '', '', 1, 1, 1, 1)`,
  jwt_end: "jwt_end (application_seq, issued_until, ends_at) VALUES (1, 1, 1)",
  audit: "audit (seq, environment_seq, actor_kind, action, subject, done, at) VALUES (1, 1, 'root', 'a', '{}', 1, 1)",
  task: "task (seq, environment_seq, kind, status, data, updated_at) VALUES (1, 1, 'a', 'running', '{}', 1)",
  stretch: "stretch (list_seq, start) VALUES (1, 1)",
  series:
    "series (scope_seq, step_ms, start_at, accepted, attempts, failed, delivered, dead, durations) VALUES (1, 60000, 0, 1, 1, 0, 1, 0, '[]')",
  notice: "notice (channel, subject_seq, kind, since, sent_at, open) VALUES ('mail', 1, 'failing', 1, 1, 1)",
  quota_usage: "quota_usage (application_seq, counted_to, day, messages, stored_bytes) VALUES (1, 1, 1, 1, 1)",
  function_send: "function_send (delivery_seq, number, message_seq, hops) VALUES (1, 0, 1, 1)",
  payload_link_use: "payload_link_use (link_seq) VALUES (1)",
  payload_link_key: "payload_link_key (id, sealed) VALUES (2, zeroblob(29))",
  poller_group: "poller_group (application_seq, sink, name, cursor, updated_at) VALUES (1, 'a', 'b', 1, 1)",
  poller_lease: "poller_lease (group_id, message_seq, times, ends_at) VALUES (1, 1, 1, 1)",
  moved_id: "moved_id (id, seq) VALUES ('msg_1', 1)",
  departure: `departure (application_seq, environment_seq, uid, url, hold, departed_at)
    VALUES (1, 1, 'a', 'https://b.example', 'h', 1)`,
  arrival: "arrival (application_seq, hold, arrived_at, history_to) VALUES (1, 'h', 1, 0)",
  poller: "poller (application_seq, sink, consumer, cursor, updated_at) VALUES (1, 'a', 'b', 1, 1)",
};

/** Changes to these rows that each constraint must refuse. */
const WRONG: Readonly<Record<string, readonly string[]>> = {
  meta_values_check: ["name = ''"],
  environment_values_check: ["name = ''", "type = 'test'"],
  environment_paused_check: ["paused_at = -1"],
  application_values_check: ["uid = ''", "throttle_rate = 0", "metadata = '[]'", "metadata = 'x'", "operational = 2"],
  application_quota_check: ["quota = '5'", "quota = '[]'", "quota = 'x'"],
  event_type_values_check: ["name = ''", "archived = 2", "deprecated = -1", "schemas = '1'", "validation = ''"],
  event_type_compatibility_check: ["compatibility = ''"],
  payload_version_values_check: ["version = ''", "event_types = '{}'", "downgrade = ''"],
  endpoint_api_version_check: ["api_version = ''"],
  endpoint_payload_mode_check: ["payload_mode = ''", "payload_mode = 'thin'"],
  endpoint_values_check: [
    ...["uid = ''", "url = ''", "disabled = 2", "paused = 2", "fifo = 2", "event_types = '{}'", "channels = 'x'"],
    ...["metadata = '[]'", "version = 0", "throttle_rate = 0", "concurrency = 0", "timeout_ms = 0"],
    "retry_schedule = '5s'",
  ],
  endpoint_sealed_check: [`headers = '{"A":"1"}'`, "sealed = zeroblob(28)"],
  endpoint_disabling_check: [
    "disabled_cause = 'other', disabled = 1",
    "disabled = 0, disabled_at = 5",
    "disabled = 0, disabled_cause = 'gone'",
  ],
  endpoint_transformation_check: ["transformation = '{}'"],
  endpoint_auth_check: ["auth = '{}', sealed = NULL", "auth = '[]', sealed = zeroblob(29)"],
  endpoint_tls_check: ["tls = '[]'"],
  endpoint_filter_check: ["filter = '[]'"],
  endpoint_function_check: [
    ...[
      "function = '{}', url = 'function:', sealed = NULL",
      "function = '[]', url = 'function:', sealed = zeroblob(29)",
    ],
    ...["url = 'function:'", "function = '{}', sealed = zeroblob(29)"],
  ],
  endpoint_batch_check: ["batch = '[]'"],
  endpoint_challenge_check: ["challenge = '[]', paused = 1", "challenge = '{}', paused = 0"],
  endpoint_secret_values_check: ["sealed = zeroblob(28)"],
  message_values_check: ["event_type = ''", "event_id = ''", "accepted_at = -1"],
  message_expiry_check: ["payload = NULL, payload_expires_at = 5"],
  delivery_values_check: ["state = 4, ended_at = 5", "state = -1, ended_at = 5", "trigger = 2", "round = -1"],
  delivery_attempts_check: ["attempts = -1", "attempts = 1"],
  delivery_reason_check: [
    "reason = 'timeout'",
    "state = 2, ended_at = 5",
    "state = 3, ended_at = 5, reason = 'timeout'",
  ],
  delivery_end_check: ["ended_at = 5", "state = 1", "state = 3", "state = 2, reason = 'timeout'"],
  attempt_values_check: ["trigger = 2", "response_status = -1", "response_status = 1000", "duration_ms = -1"],
  attempt_next_check: ["next_attempt_at = 5"],
  attempt_exchange_check: ["sealed = zeroblob(28)"],
  attempt_response_check: ["response_in = seq", "response = x'00', response_in = seq + 1"],
  key_log_values_check: ["entries = zeroblob(47)", "entries = x''"],
  key_range_values_check: ["start = -1", "entries = zeroblob(49)"],
  event_id_log_values_check: ["entries = zeroblob(40)", "entries = x''"],
  event_id_range_values_check: ["start = -1", "entries = zeroblob(25)"],
  idempotency_values_check: ["key = zeroblob(31)", "status = 0"],
  idempotency_response_check: ["message_seq = NULL", "body = ''"],
  source_values_check: [
    ...["uid = ''", "type = ''", "provider = ''", "event_type = ''", "verification = ''", "answer = '[]'"],
    ...["deduplicate = '1'", "metadata = '[]'", "ingest_rate = 0", "sealed = zeroblob(28)"],
  ],
  source_deleted_check: ["deleted_at = 5, sealed = zeroblob(29)"],
  source_token_values_check: ["sha256 = zeroblob(31)", "sealed = zeroblob(28)", "rotation = 2"],
  source_log_values_check: ["status = 0", "cause = ''", "method = ''", "path = ''", "headers = '[]'"],
  token_reading_check: ["read_only = 2"],
  token_values_check: ["sha256 = zeroblob(31)", "capabilities = '{}'", "feature_flags = ''", "scopes = '{}'"],
  session_values_check: [
    "sha256 = zeroblob(31)",
    "owner_sha256 = zeroblob(31)",
    "user = '[]'",
    ...["created_at = -1", "last_used_at = -1", "expires_at = -1", "ends_at = -1"],
  ],
  jwt_end_values_check: ["issued_until = -1", "ends_at = -1"],
  audit_values_check: ["actor_kind = ''", "action = ''", "subject = '[]'", "done = 2"],
  task_values_check: ["kind = ''", "status = 'waiting'", "data = '[]'"],
  stretch_values_check: ["start = -1"],
  series_values_check: [
    "step_ms = 0",
    "start_at = -1",
    "accepted = -1",
    "attempts = -1",
    "failed = -1",
    "delivered = -1",
    "dead = -1",
    "durations = '{}'",
    "durations = 'x'",
  ],
  notice_content_check: ["channel = ''", "kind = 'a'", "since = -1", "sent_at = -1", "open = 2"],
  quota_usage_values_check: ["counted_to = -1", "day = -1", "messages = -1"],
  function_send_values_check: ["number = -1", "hops = 0"],
  payload_link_use_values_check: ["link_seq = 0"],
  payload_link_key_values_check: ["sealed = zeroblob(28)"],
  poller_group_values_check: ["sink = ''", "name = ''", "cursor = -1"],
  poller_lease_values_check: ["times = 0", "ends_at = -1"],
  moved_id_values_check: ["id = ''", "seq = -1"],
  departure_values_check: ["uid = ''", "url = ''", "hold = ''", "departed_at = -1"],
  arrival_values_check: ["hold = ''", "arrived_at = -1", "history_to = -1"],
  poller_values_check: ["sink = ''", "consumer = ''", "cursor = -1"],
};

function databaseWithRows(): Database {
  const db = new Database(":memory:", { strict: true });
  migrate(db);
  for (const row of Object.values(ROWS)) db.run(`INSERT INTO ${row}`);
  return db;
}

describe("constraints", () => {
  test("every table has constraints, and every constraint is tested", () => {
    using db = databaseWithRows();
    const tables = db
      .query<{ name: string }, []>("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
      .all();
    const constrained = new Set(constraints.map(({ table }) => table));
    expect([...constrained].sort()).toEqual(tables.map(({ name }) => name).sort());
    expect(Object.keys(WRONG).sort()).toEqual(constraints.map(({ name }) => name).sort());
  });

  test.each(constraints.map(({ table, name }) => [name, table]))(
    "the constraint %s accepts valid rows and refuses invalid ones",
    (name, table) => {
      using db = databaseWithRows();
      expect(addConstraints(db)).toEqual([]);
      for (const change of WRONG[name]!) {
        expect(() => db.run(`UPDATE ${table} SET ${change}`)).toThrow(`CHECK constraint failed: ${name}`);
      }
    },
  );

  test("rows that violate a constraint are kept, and the constraint is enforced once they are corrected", () => {
    using db = databaseWithRows();
    db.run("UPDATE delivery SET ended_at = 5");
    const broken = [{ table: "delivery", rule: "(state = 0) = (ended_at IS NULL)", rows: 1 }];
    expect(addConstraints(db)).toEqual(broken);
    expect(addConstraints(db)).toEqual(broken);
    expect(() => db.run("UPDATE delivery SET state = 7")).toThrow("delivery_values_check");

    db.run("UPDATE delivery SET ended_at = NULL");
    expect(addConstraints(db)).toEqual([]);
    expect(() => db.run("UPDATE delivery SET ended_at = 5")).toThrow("delivery_end_check");
  });

  test("adding the constraints a second time changes nothing", () => {
    using db = databaseWithRows();
    const schema = () => db.query("SELECT type, name, sql FROM sqlite_schema ORDER BY name").all();
    addConstraints(db);
    const before = schema();
    expect(addConstraints(db)).toEqual([]);
    expect(schema()).toEqual(before);
  });

  test("a store opens despite rows that violate a constraint, and reports them", async () => {
    using db = databaseWithRows();
    db.run("UPDATE attempt SET duration_ms = -1");
    const { store } = openMemoryStore(db, systemClock, () => {});
    expect(await store.housekeeping.unenforcedRules()).toMatchObject([{ table: "attempt", rows: 1 }]);
    await store.close();
  });

  test("starting a command does not change the table definitions; starting a server does", async () => {
    using home = temporaryDirectory();
    const open = async (exclusive: boolean) => (await openStore(optionsFor(home.path, { exclusive }))).close();
    const withDatabase = <T>(use: (db: Database) => T): T => {
      using db = new Database(home.file("boathook.db"));
      return use(db);
    };
    const sqls = () => withDatabase((db) => JSON.stringify(db.query("SELECT sql FROM sqlite_schema").all()));
    await open(true);
    withDatabase((db) => db.run("ALTER TABLE delivery DROP CONSTRAINT delivery_end_check"));
    await open(false);
    expect(sqls()).not.toContain("CONSTRAINT delivery_end_check");
    await open(true);
    expect(sqls()).toContain("CONSTRAINT delivery_end_check");
  });
});

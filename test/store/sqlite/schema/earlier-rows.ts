import { KeyBox } from "../../../../src/store/sql/secret-box.ts";
import { ENTRY_BYTES_MIN, Entries } from "../../../../src/store/sqlite/keys/entry.ts";
import { eventIdKey } from "../../../../src/store/sqlite/keys/event-ids.ts";
import { MESSAGE_KEY_BYTES } from "../../../../src/store/sqlite/keys/message-keys.ts";

/**
 * Rows as each earlier version stored them, one or more for each table. A column that a version did
 * not have is left out there.
 */

export const KEY = "0123456789abcdef".repeat(4);
export const AT = Date.UTC(2026, 0, 1);
export const HOUR = 3_600_000;

/** Schemas at which the form of stored data changed. */
export const SINCE = {
  sealedResponses: 4,
  sealedHeaders: 11,
  sources: 14,
  series: 15,
  recentKeys: 17,
  keyLog: 29,
  sessions: 25,
  audit: 4,
  pollers: 6,
  unwaitedArrivals: 54,
  nearDeliveries: 56,
  foundByDelivery: 57,
} as const;

const box = new KeyBox(KEY);
const bytes = (value: number, length: number) => new Uint8Array(length).fill(value);

export const HASHES = {
  token: bytes(1, 32),
  door: bytes(2, 32),
  session: bytes(3, 32),
  owner: bytes(4, 32),
  textKey: bytes(5, 32),
  messageKey: bytes(6, 32),
  recentKey: bytes(7, 32),
};

export type Row = Readonly<Record<string, string | number | Uint8Array | null>>;

interface TableRows {
  readonly table: string;
  rows(schema: number): readonly Row[];
}

const times = { created_at: AT, updated_at: AT };

function keyEntry(key: Uint8Array, messageSeq: number): Uint8Array {
  const entries = Entries.of(1, MESSAGE_KEY_BYTES);
  entries.setKey(0, key);
  entries.floats.set([messageSeq, AT + HOUR], 2);
  return entries.bytes;
}

function eventIdEntry(eventId: string, messageSeq: number): Uint8Array {
  const entries = Entries.of(1, ENTRY_BYTES_MIN);
  entries.setKey(0, eventIdKey(2, eventId));
  entries.setSeq(0, messageSeq);
  return entries.bytes;
}

const configuration: readonly TableRows[] = [
  { table: "environment", rows: () => [{ seq: 1, name: "default", type: "development", paused_at: null, ...times }] },
  {
    table: "application",
    rows: () => [
      { seq: 2, environment_seq: 1, uid: "acme", name: "Acme", throttle_rate: 50, metadata: '{"a":"b"}', ...times },
      { seq: 3, environment_seq: 1, uid: null, name: "Of the source", metadata: "{}", source_seq: 30, ...times },
    ],
  },
  {
    table: "event_type",
    rows: () => [
      {
        ...{ seq: 4, environment_seq: 1, name: "order.paid", description: "Paid", archived: 0, deprecated: 1 },
        ...{ schemas: '{"1":{"type":"object"}}', feature_flags: '["beta"]', group_name: "orders", ...times },
      },
    ],
  },
  {
    table: "payload_version",
    rows: () => [
      {
        ...{ seq: 4, environment_seq: 1, version: "2026-11-01", description: "", event_types: '["order.paid"]' },
        ...{ downgrade: "function downgrade(payload) { return payload; }", ...times },
      },
    ],
  },
  {
    table: "endpoint",
    rows: (schema) => [endpoint(5, schema), { ...endpoint(6, schema), uid: null, disabled: 1, fifo: 0 }],
  },
  {
    table: "endpoint_secret",
    rows: () => [
      { id: 1, endpoint_seq: 5, sealed: box.seal("whsec_b2xk"), expires_at: AT + HOUR },
      { id: 2, endpoint_seq: 5, sealed: box.seal("whsec_bmV3"), expires_at: null },
    ],
  },
  {
    table: "token",
    rows: () => [{ seq: 7, sha256: HASHES.token, name: "ci", environment_seq: 1, application_seq: 2, created_at: AT }],
  },
  { table: "jwt_end", rows: () => [{ application_seq: 2, issued_until: AT, ends_at: AT + HOUR }] },
  {
    table: "session",
    rows: () => [
      {
        ...{ seq: 8, sha256: HASHES.session, environment_seq: 1, owner_sha256: HASHES.owner, token_seq: 7 },
        ...{ name: "ci", user_agent: "curl", address: "127.0.0.1", created_at: AT, last_used_at: AT },
        ...{ expires_at: AT + HOUR, ends_at: AT + HOUR },
      },
    ],
  },
  {
    table: "audit",
    rows: () => [
      {
        ...{ seq: 9, environment_seq: 1, actor_kind: "token", actor_id: "tok_x", actor_name: "ci" },
        ...{ action: "v1.application.create", subject: '{"appId":"app_x"}', done: 1, at: AT },
      },
    ],
  },
  {
    table: "source",
    rows: () => [
      {
        ...{ seq: 30, environment_seq: 1, application_seq: 3, uid: "shop", name: "Shop", type: "github" },
        ...{ provider: "github", verification: "enforce", metadata: "{}", count_stored: 3, ...times },
        sealed: box.seal(JSON.stringify({ config: { secret: "of github" }, captured: null })),
      },
    ],
  },
  {
    table: "source_token",
    rows: () => [{ sha256: HASHES.door, source_seq: 30, sealed: box.seal("door-token"), rotation: 0, created_at: AT }],
  },
  {
    table: "source_log",
    rows: () => [
      {
        ...{ seq: 31, source_seq: 30, status: 401, cause: "signature_mismatch", error_text: "No.", method: "POST" },
        ...{ path: "/", address: "127.0.0.1", headers: '{"a":"b"}', payload: Buffer.from("{}"), created_at: AT },
      },
    ],
  },
];

function endpoint(seq: number, schema: number): Row {
  const headers = { "X-Key": "hidden" };
  const isSealed = schema >= SINCE.sealedHeaders;
  return {
    ...{ seq, application_seq: 2, uid: "main", description: "Main", disabled: 0, event_types: '["order.paid"]' },
    ...{ url: isSealed ? "https://u:***@hook.example/" : "https://u:pass@hook.example/", channels: null },
    ...{ metadata: "{}", version: 1, throttle_rate: null, concurrency: 4, fifo: 1, timeout_ms: 9000 },
    ...{ retry_schedule: "[1000,2000]", paused: 0, challenge: null, failing_since: AT, ...times },
    headers: isSealed ? "{}" : JSON.stringify(headers),
    ...(isSealed && { sealed: box.seal(JSON.stringify({ headers, password: "pass" })) }),
  };
}

const traffic: readonly TableRows[] = [
  {
    table: "message",
    rows: () => [message(10, "first"), message(11, null), message(12, "last")],
  },
  {
    table: "delivery",
    rows: () => [
      { ...delivery(20, 10), state: 0, attempts: 1, attempts_total: 1 },
      { ...delivery(21, 11), state: 2, attempts: 2, attempts_total: 2, reason: "status_5xx", ended_at: AT },
      { ...delivery(22, 12), state: 1, attempts: 1, attempts_total: 1, ended_at: AT },
    ],
  },
  {
    table: "attempt",
    rows: () => [
      { ...attempt(40, 20, 10), reason: "status_5xx", response_status: 503, next_attempt_at: AT + HOUR },
      { ...attempt(41, 21, 11), reason: "status_5xx", response_status: 500 },
      { ...attempt(42, 22, 12), reason: null, response_status: 200 },
    ],
  },
  {
    table: "idempotency",
    rows: (schema) => [
      {
        ...{ key: HASHES.textKey, status: 201, expires_at: AT + HOUR, message_seq: null },
        ...(schema >= SINCE.sealedResponses ? { sealed: box.seal("a text"), body: null } : { body: "a text" }),
      },
      ...(schema < SINCE.keyLog
        ? [{ key: HASHES.messageKey, status: 202, expires_at: AT + HOUR, message_seq: 10, body: null }]
        : []),
    ],
  },
  { table: "recent_key", rows: () => [{ message_seq: 12, key: HASHES.recentKey, expires_at: AT + HOUR }] },
  { table: "key_log", rows: () => [{ seq: 1, entries: keyEntry(HASHES.messageKey, 10) }] },
  { table: "key_range", rows: () => [{ start: 0, entries: keyEntry(HASHES.recentKey, 12) }] },
  { table: "event_id_log", rows: () => [{ seq: 1, entries: eventIdEntry("first", 10) }] },
  { table: "event_id_range", rows: () => [{ start: 0, entries: eventIdEntry("last", 12) }] },
  {
    table: "task",
    rows: () => [
      { seq: 50, environment_seq: 1, kind: "redrive", status: "finished", data: '{"count":1}', updated_at: AT },
    ],
  },
  { table: "endpoint_attempt", rows: () => [{ endpoint_seq: 5, seq: 40 }] },
  { table: "application_message", rows: () => [10, 11, 12].map((seq) => ({ application_seq: 2, seq })) },
  { table: "stretch", rows: () => [{ list_seq: 5, start: 40, traits: null }] },
  {
    table: "poller",
    rows: () => [{ application_seq: 2, sink: "main", consumer: "one", cursor: 11, updated_at: AT }],
  },
  {
    table: "poller_group",
    rows: () => [{ id: 7, application_seq: 2, sink: "main", name: "workers", cursor: 11, updated_at: AT }],
  },
  { table: "poller_lease", rows: () => [{ group_id: 7, message_seq: 10, times: 2, ends_at: AT + HOUR }] },
  {
    table: "notice",
    rows: () => [{ channel: "mail", subject_seq: 5, kind: "failing", since: AT, sent_at: AT, open: 1 }],
  },
  {
    table: "series",
    rows: () => [
      {
        ...{ scope_seq: 1, step_ms: 60_000, start_at: AT, accepted: 3, attempts: 3, failed: 2, delivered: 1, dead: 1 },
        durations: "[]",
      },
    ],
  },
  {
    table: "function_send",
    rows: () => [{ delivery_seq: 22, number: 0, message_seq: 12, hops: 1 }],
  },
  { table: "payload_link_use", rows: () => [{ link_seq: 60 }] },
  {
    table: "payload_link_key",
    rows: () => [{ id: 1, sealed: box.seal("5c".repeat(32)) }],
  },
  { table: "moved_id", rows: () => [{ id: "msg_0KfxFXFUH4hEMq0Y8gpRxcT2bSr", seq: 10 }] },
  {
    table: "departure",
    rows: () => [
      { application_seq: 70, environment_seq: 1, uid: "gone", url: "https://b.example", hold: "h", departed_at: AT },
    ],
  },
  { table: "arrival", rows: () => [{ application_seq: 2, hold: "h", arrived_at: AT, history_to: 10 }] },
  { table: "arrival_message", rows: () => [{ application_seq: 2, message_seq: 10 }] },
  {
    table: "quota_usage",
    rows: () => [{ application_seq: 2, counted_to: 10, day: 20454, messages: 1, stored_bytes: 8 }],
  },
  {
    table: "meta",
    rows: () => [
      { name: "encryption-key-fingerprint", value: box.fingerprint },
      { name: "id-seed", value: KEY.slice(0, 32) },
    ],
  },
];

function message(seq: number, eventId: string | null): Row {
  return {
    ...{ seq, application_seq: 2, event_type: "order.paid", event_id: eventId, channels: '["eu"]', tags: '["vip"]' },
    ...{ payload: Buffer.from(`{"n":${seq}}`), content_type: null, headers: null, accepted_at: AT },
  };
}

function delivery(seq: number, messageSeq: number): Row {
  return {
    ...{ seq, message_seq: messageSeq, endpoint_seq: 5, position: seq, due_at: AT, round: 0, trigger: 0 },
    ...{ reason: null, ended_at: null },
  };
}

function attempt(seq: number, deliverySeq: number, messageSeq: number): Row {
  return {
    ...{ seq, delivery_seq: deliverySeq, message_seq: messageSeq, endpoint_seq: 5, url: "https://u:***@hook.example/" },
    ...{ response: Buffer.from("answer"), duration_ms: 12, trigger: 0, started_at: AT, next_attempt_at: null },
  };
}

export const EARLIER_ROWS: readonly TableRows[] = [...configuration, ...traffic];

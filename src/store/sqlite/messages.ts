import type { Database } from "bun:sqlite";
import { seqAt } from "../../core/id.ts";
import type {
  AcceptResult,
  Delivery,
  Message,
  MessageContent,
  MessageFilter,
  NewMessage,
  Store,
  TimeWindow,
} from "../index.ts";
import type { Committer } from "./commit.ts";
import { DELIVERY_COLUMNS, type DeliveryRow, toDelivery } from "./deliveries.ts";
import type { Idempotency } from "./idempotency.ts";
import { Conditions, pageOf, walk } from "./page.ts";
import { jsonOrNull, parsedOrNull } from "./rows.ts";

/** `latest` looks at no more than this many messages of the whole installation. */
const LATEST_SCAN = 5000;

interface Row {
  seq: number;
  applicationSeq: number;
  eventType: string;
  eventId: string | null;
  channels: string | null;
  tags: string | null;
  payload: Uint8Array | null;
  contentType: string | null;
  headers: string | null;
  acceptedAt: number;
}

function columns(withContent: boolean): string {
  return `m.seq, m.application_seq AS applicationSeq, m.event_type AS eventType, m.event_id AS eventId, m.channels, m.tags,
    ${withContent ? "m.payload" : "NULL AS payload"}, m.content_type AS contentType, m.headers, m.accepted_at AS acceptedAt`;
}

function toMessage(row: Row): Message {
  return {
    ...row,
    channels: parsedOrNull<string[]>(row.channels),
    tags: parsedOrNull<string[]>(row.tags),
    headers: parsedOrNull(row.headers),
  };
}

/** Limits a list to messages accepted in a window. Sequence numbers hold their time, so the key of the list is enough. */
export function addWindow(where: Conditions, column: string, window: TimeWindow): void {
  if (window.before !== undefined) where.add(`${column} < $before`, { before: seqAt(window.before) });
  if (window.after !== undefined) where.add(`${column} >= $after`, { after: seqAt(window.after + 1) });
}

/** The filters that speak of the message `m`. */
export function addMessageFilter(where: Conditions, filter: MessageFilter): void {
  if (filter.eventTypes !== undefined) where.oneOf("m.event_type", filter.eventTypes);
  if (filter.channel !== undefined) {
    where.add("EXISTS (SELECT 1 FROM json_each(m.channels) WHERE value = $channel)", { channel: filter.channel });
  }
  if (filter.tag !== undefined) {
    where.add("EXISTS (SELECT 1 FROM json_each(m.tags) WHERE value = $tag)", { tag: filter.tag });
  }
}

export function acceptVerb(db: Database, committer: Committer, idempotency: Idempotency): Store["accept"] {
  // Both statements run for every message of the server: positional parameters, nothing looked up that is not needed.
  const insertMessage = db.prepare(
    `INSERT INTO message (seq, application_seq, event_type, event_id, channels, tags, payload, content_type, headers,
       accepted_at, payload_expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const eventIdExists = db.prepare("SELECT 1 FROM message WHERE application_seq = ? AND event_id = ?");
  const insertDelivery = db.prepare(
    `INSERT INTO delivery (seq, message_seq, endpoint_seq, state, position, due_at, attempts, attempts_total, round, trigger)
     VALUES (?1, ?2, ?3, 0, ?1, ?4, 0, 0, 0, 0)`,
  );

  const acceptOne = (message: NewMessage): AcceptResult => {
    if (message.idempotency !== null) {
      const answer = idempotency.get(message.idempotency.key, message.acceptedAt);
      if (answer !== null) return { accepted: false, because: "idempotency", answer };
    }
    if (message.eventId !== null && eventIdExists.get(message.applicationSeq, message.eventId) !== null) {
      return { accepted: false, because: "event-id" };
    }
    insertMessage.run(
      message.seq,
      message.applicationSeq,
      message.eventType,
      message.eventId,
      jsonOrNull(message.channels),
      jsonOrNull(message.tags),
      message.payload,
      message.contentType,
      jsonOrNull(message.headers),
      message.acceptedAt,
      message.payloadExpiresAt,
    );
    for (const delivery of message.deliveries) {
      insertDelivery.run(delivery.seq, message.seq, delivery.endpointSeq, message.acceptedAt);
    }
    if (message.idempotency !== null) {
      idempotency.insert(message.idempotency, { kind: "message", messageSeq: message.seq });
    }
    return ACCEPTED;
  };

  return (messages) => committer.write(() => messages.map(acceptOne));
}

const ACCEPTED: AcceptResult = { accepted: true };

export function messages(db: Database, committer: Committer): Store["messages"] {
  const bySeq = db.prepare<Row, [number]>(`SELECT ${columns(true)} FROM message m WHERE seq = ?`);
  const byEventId = db.prepare<Row, [number, string]>(
    `SELECT ${columns(true)} FROM message m WHERE application_seq = ? AND event_id = ?`,
  );
  const content = db.prepare<MessageContent & { headers: string | null }, [number]>(
    `SELECT seq, application_seq AS applicationSeq, event_type AS eventType, payload, content_type AS contentType, headers,
       accepted_at AS acceptedAt FROM message WHERE seq = ?`,
  );
  const deliveriesOf = db.prepare<DeliveryRow, [number]>(
    `SELECT ${DELIVERY_COLUMNS} FROM delivery WHERE message_seq = ? ORDER BY endpoint_seq`,
  );
  const latest = db.prepare<Row, [number, number]>(
    `SELECT ${columns(false)} FROM (SELECT * FROM message ORDER BY seq DESC LIMIT ${LATEST_SCAN}) m
     JOIN application a ON a.seq = m.application_seq WHERE a.environment_seq = ? ORDER BY m.seq DESC LIMIT ?`,
  );
  const expunge = db.prepare("UPDATE message SET payload = NULL, payload_expires_at = NULL WHERE seq = ?");

  const cancelDeliveries = db.prepare("UPDATE delivery SET state = 3 WHERE message_seq = ? AND state = 0");

  const deliveries = (seq: number): Delivery[] => deliveriesOf.all(seq).map(toDelivery);

  return {
    find: async (applicationSeq, key) => {
      const row = "seq" in key ? bySeq.get(key.seq) : byEventId.get(applicationSeq, key.uid);
      return row === null || row.applicationSeq !== applicationSeq ? null : toMessage(row);
    },
    get: async (seq) => {
      const row = bySeq.get(seq);
      return row === null ? null : toMessage(row);
    },
    list: async (applicationSeq, filter, page, withContent) => {
      const { condition, direction } = walk("m.seq", page);
      const where = new Conditions().add("m.application_seq = $applicationSeq", { applicationSeq });
      addMessageFilter(where, filter);
      addWindow(where, "m.seq", filter);
      const rows = db
        .query<Row, [Record<string, string | number | null | Uint8Array>]>(
          `SELECT ${columns(withContent)} FROM message m WHERE 1${where.sql}${condition}
           ORDER BY m.seq ${direction} LIMIT $limit`,
        )
        .all({ ...where.values, limit: page.limit + 1, ...(page.from === null ? {} : { from: page.from }) });
      return pageOf(rows.map(toMessage), page);
    },
    latest: async (environmentSeq, limit) =>
      latest.all(environmentSeq, limit).map((row) => ({ ...toMessage(row), deliveries: deliveries(row.seq) })),
    content: async (seq) => {
      const row = content.get(seq);
      return row === null ? null : { ...row, headers: parsedOrNull(row.headers as string | null) };
    },
    deliveries: async (seq) => deliveries(seq),
    expunge: (seq) =>
      committer.write(() => {
        expunge.run(seq);
        return cancelDeliveries.run(seq).changes;
      }),
  };
}

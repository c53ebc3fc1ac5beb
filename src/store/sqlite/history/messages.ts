import type { Database } from "bun:sqlite";
import type { Seq } from "../../../core/id.ts";
import {
  type AcceptResult,
  ApplicationDeparted,
  type Delivery,
  type History,
  type Key,
  type MessageContent,
  type MessageFilter,
  type NewMessage,
  type Queue,
} from "../../index.ts";
import { DELIVERY_COLUMNS, type DeliveryRow, toDelivery } from "../../sql/delivery-row.ts";
import {
  CONTENT_COLUMNS,
  type ContentRow,
  headersColumn,
  type MessageRow,
  messageColumns,
  toContent,
  toMessage,
} from "../../sql/message-row.ts";
import { type Bindings, Conditions, directionOf, rangeOf, readRanges } from "../../sql/page.ts";
import { receivedColumn } from "../../sql/received-column.ts";
import { jsonOrNull } from "../../sql/rows.ts";
import type { Turns } from "../../turns.ts";
import type { Committer } from "../commit/commit.ts";
import type { ApplicationMessages } from "../indexes/application-messages.ts";
import { isOfMessage } from "../indexes/message-deliveries.ts";
import type { Stretches } from "../indexes/stretches.ts";
import { termsOfMessages, traitsOfMessage } from "../indexes/traits.ts";
import { type EventIds, eventIdKey } from "../keys/event-ids.ts";
import { deliveryInserter } from "../queue/delivery-inserter.ts";
import type { FunctionSends } from "../queue/function-sends.ts";
import type { Idempotency } from "../queue/idempotency.ts";
import type { QuotaUsages } from "../queue/quota-usage.ts";
import { latestVerb } from "./latest.ts";
import { FOUND_COLUMNS, type FoundMessage, messageRows } from "./message-rows.ts";

/** Adds the conditions of a filter on the message `m`. */
export function addMessageFilter(where: Conditions, filter: MessageFilter): void {
  if (filter.eventTypes !== undefined) where.oneOf("m.event_type", filter.eventTypes);
  if (filter.channel !== undefined) {
    where.add("(m.channels IS NOT NULL AND EXISTS (SELECT 1 FROM json_each(m.channels) WHERE value = $channel))", {
      channel: filter.channel,
    });
  }
  if (filter.tag !== undefined) {
    where.add("(m.tags IS NOT NULL AND EXISTS (SELECT 1 FROM json_each(m.tags) WHERE value = $tag))", {
      tag: filter.tag,
    });
  }
}

interface AcceptParts {
  readonly applicationMessages: ApplicationMessages;
  readonly idempotency: Idempotency;
  readonly eventIds: EventIds;
  readonly stretches: Stretches;
  readonly usages: QuotaUsages;
  readonly functionSends: FunctionSends;
  /** Applications that have moved to another installation since the start. */
  readonly departed: ReadonlySet<Seq>;
}

export function acceptVerb(
  db: Database,
  committer: Committer,
  { applicationMessages, idempotency, eventIds, stretches, usages, functionSends, departed }: AcceptParts,
): Queue["accept"] {
  // These statements run for every message, so they use positional parameters and read only the
  // columns that are needed.
  const insertMessage = db.prepare(
    `INSERT INTO message (seq, application_seq, event_type, event_id, channels, tags, payload, content_type, headers,
       accepted_at, payload_expires_at, deliver_at, warnings, received) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const insertDeliveries = deliveryInserter(db);

  const acceptOne = (message: NewMessage): AcceptResult => {
    if (departed.size > 0 && departed.has(message.applicationSeq)) throw new ApplicationDeparted();
    const { applicationSeq, eventId, idempotency: entry, sentBy = null } = message;
    const messageSeq = sentBy === null ? null : functionSends.messageOf(sentBy);
    if (messageSeq !== null) {
      return { accepted: false, because: "idempotency", response: { kind: "message", messageSeq } };
    }
    if (entry !== null) {
      const response = idempotency.ofMessage(entry.key, message.acceptedAt);
      if (response !== null) return { accepted: false, because: "idempotency", response };
    }
    const eventKey = eventId === null ? null : eventIdKey(applicationSeq, eventId);
    if (eventKey !== null && eventIds.seqOf(applicationSeq, eventId!, eventKey) !== null) {
      return { accepted: false, because: "event-id" };
    }
    const refused = usages.take(message);
    if (refused !== null) return refused;
    insertMessage.run(
      message.seq,
      applicationSeq,
      message.eventType,
      eventId,
      jsonOrNull(message.channels),
      jsonOrNull(message.tags),
      message.payload,
      message.contentType,
      headersColumn(message),
      message.acceptedAt,
      message.payloadExpiresAt,
      message.deliverAt,
      jsonOrNull(message.warnings),
      receivedColumn(message.received, message.trace ?? null),
    );
    applicationMessages.add(applicationSeq, message.seq);
    insertDeliveries(message);
    stretches.mark(applicationSeq, message.seq, traitsOfMessage(message));
    if (entry !== null) idempotency.addMessage(entry, message.seq);
    if (eventKey !== null) eventIds.add(eventKey, message.seq);
    if (sentBy !== null) functionSends.add(sentBy, message.seq);
    return ACCEPTED;
  };

  return (messages) => committer.write(() => messages.map(acceptOne), rowsOf(messages));
}

function rowsOf(messages: readonly NewMessage[]): number {
  let rows = messages.length;
  for (const { deliveries } of messages) rows += deliveries.length;
  return rows;
}

const ACCEPTED: AcceptResult = { accepted: true };

/** Maximum number of contents that are kept for the next reads. */
const KEPT_CONTENTS_MAX = 64;
/** Larger payloads are not kept. */
const KEPT_PAYLOAD_BYTES_MAX = 16 * 1024;

/**
 * Reads contents. The lanes of a message with many deliveries read the same content one after
 * another, so contents are kept until the next commit, which may change them.
 */
export function contentsVerb(db: Database, committer: Committer): Queue["contents"] {
  const select = db.prepare<ContentRow, [number]>(`SELECT ${CONTENT_COLUMNS} FROM message WHERE seq = ?`);
  const kept = new Map<Seq, MessageContent>();
  committer.onCommit(() => kept.clear());
  const read = (seq: Seq): MessageContent | null => {
    const row = select.get(seq);
    if (row === null) return null;
    const content = toContent(row);
    const isSmall = (content.payload?.byteLength ?? 0) <= KEPT_PAYLOAD_BYTES_MAX;
    if (isSmall && kept.size < KEPT_CONTENTS_MAX) kept.set(seq, content);
    return content;
  };
  return async (messageSeqs) => messageSeqs.map((seq) => kept.get(seq) ?? read(seq));
}

interface KnownRow {
  seq: number;
  applicationSeq: number;
  hasPayload: number;
}

export function messages(
  db: Database,
  stretches: Stretches,
  eventIds: EventIds,
  turns: Turns,
): Omit<History["messages"], "ofEndpoint"> {
  const bySeq = db.prepare<MessageRow, [number]>(`SELECT ${messageColumns(true)} FROM message m WHERE seq = ?`);
  const known = db.prepare<KnownRow, [number]>(
    "SELECT seq, application_seq AS applicationSeq, payload IS NOT NULL AS hasPayload FROM message WHERE seq = ?",
  );
  const deliveriesOf = db.prepare<DeliveryRow, [number]>(
    `SELECT ${DELIVERY_COLUMNS} FROM delivery WHERE ${isOfMessage("?1")}`,
  );
  const rowsOfFound = messageRows(db, turns);
  // SQLite takes several times as long to sort a few rows.
  const deliveries = (seq: number): Delivery[] =>
    deliveriesOf
      .all(seq)
      .sort((a, b) => a.endpointSeq - b.endpointSeq || a.seq - b.seq)
      .map(toDelivery);
  const seqOf = (applicationSeq: Seq, key: Key) => ("seq" in key ? key.seq : eventIds.seqOf(applicationSeq, key.uid));

  return {
    find: async (applicationSeq, key) => {
      const seq = seqOf(applicationSeq, key);
      const row = seq === null ? null : bySeq.get(seq);
      return row === null || row.applicationSeq !== applicationSeq ? null : toMessage(row);
    },
    known: async (applicationSeq, key) => {
      const seq = seqOf(applicationSeq, key);
      const row = seq === null ? null : known.get(seq);
      if (row === null || row.applicationSeq !== applicationSeq) return null;
      return { seq: row.seq, hasPayload: row.hasPayload === 1 };
    },
    get: async (seq) => {
      const row = bySeq.get(seq);
      return row === null ? null : toMessage(row);
    },
    list: async (applicationSeq, filter, page, withContent) => {
      const within = rangeOf(page, filter);
      const direction = directionOf(page);
      const terms = termsOfMessages(filter);
      const ranges = terms.length === 0 ? [within] : stretches.find(applicationSeq, terms, within, direction);
      const where = new Conditions();
      addMessageFilter(where, filter);
      const rows = db.query<FoundMessage, [Bindings]>(
        `SELECT ${FOUND_COLUMNS}
         FROM (SELECT seq FROM application_messages WHERE application_seq = $applicationSeq AND seq >= $from AND seq < $to
           ORDER BY seq ${direction} LIMIT -1) listed
         CROSS JOIN message m ON m.seq = listed.seq
         WHERE 1${where.sql} ORDER BY listed.seq ${direction} LIMIT $limit`,
      );
      const found = await readRanges(turns, page, ranges, (range, limit) =>
        rows.all({ ...where.values, ...range, applicationSeq, limit }),
      );
      return rowsOfFound(found, withContent, (message) => message);
    },
    latest: latestVerb(db, turns),
    deliveries: async (seq) => deliveries(seq),
  };
}

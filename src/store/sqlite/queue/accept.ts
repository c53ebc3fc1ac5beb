import type { Database } from "bun:sqlite";
import type { Seq } from "../../../core/id.ts";
import { type AcceptResult, ApplicationDeparted, type NewMessage, type Queue } from "../../index.ts";
import { headersColumn } from "../../sql/message-row.ts";
import { receivedColumn } from "../../sql/received-column.ts";
import { jsonOrNull } from "../../sql/rows.ts";
import type { Committer } from "../commit/commit.ts";
import type { ApplicationMessages } from "../indexes/application-messages.ts";
import type { Stretches } from "../indexes/stretches.ts";
import { traitsOfMessage } from "../indexes/traits.ts";
import { type EventIds, eventIdKey } from "../keys/event-ids.ts";
import { deliveryInserter } from "./delivery-inserter.ts";
import type { FunctionSends } from "./function-sends.ts";
import type { Idempotency } from "./idempotency.ts";
import type { QuotaUsages } from "./quota-usage.ts";

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

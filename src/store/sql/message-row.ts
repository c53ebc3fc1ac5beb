import type { Message, MessageContent, NewMessage } from "../index.ts";
import { fromReceivedColumn } from "./received-column.ts";
import { fromHeadersColumn, receivedHeadersColumn } from "./received-headers-column.ts";
import { jsonOrNull, parsedOrNull } from "./rows.ts";

export interface MessageRow {
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
  deliverAt: number | null;
  warnings: string | null;
  received: string | null;
}

/** Returns the columns of the message `m`. */
export function messageColumns(withContent: boolean): string {
  return `m.seq, m.application_seq AS "applicationSeq", m.event_type AS "eventType", m.event_id AS "eventId", m.channels,
    m.tags, ${withContent ? "m.payload" : "NULL AS payload"}, m.content_type AS "contentType", m.headers,
    m.accepted_at AS "acceptedAt", m.deliver_at AS "deliverAt", m.warnings, m.received`;
}

export function toMessage(row: MessageRow): Message {
  return {
    ...row,
    channels: parsedOrNull<string[]>(row.channels),
    tags: parsedOrNull<string[]>(row.tags),
    headers: fromHeadersColumn(row.headers, row.contentType),
    warnings: parsedOrNull(row.warnings),
    ...fromReceivedColumn(row.received),
  };
}

/** The columns of what attempts need of a message. */
export const CONTENT_COLUMNS = `seq, application_seq AS "applicationSeq", event_type AS "eventType", event_id AS "eventId",
  payload, content_type AS "contentType", headers, channels, tags, accepted_at AS "acceptedAt", received`;

export type ContentRow = Omit<MessageContent, "headers" | "channels" | "tags" | "received" | "trace"> &
  Pick<MessageRow, "headers" | "channels" | "tags" | "received">;

export function toContent(row: ContentRow): MessageContent {
  return {
    ...row,
    headers: fromHeadersColumn(row.headers, row.contentType),
    channels: parsedOrNull<string[]>(row.channels),
    tags: parsedOrNull<string[]>(row.tags),
    ...fromReceivedColumn(row.received),
  };
}

/** Returns the column `headers` of a new message. */
export function headersColumn({ headers, contentType, received }: NewMessage): string | null {
  if (received === null || headers === null) return jsonOrNull(headers);
  return receivedHeadersColumn(headers, contentType);
}

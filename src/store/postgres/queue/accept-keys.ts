import type { AcceptResult, NewMessage } from "../../index.ts";
import type { Transaction } from "../commit/commit.ts";
import type { Parameter } from "../connection/database.ts";
import { LostRace } from "../connection/errors.ts";
import { bytes, numberArray, textArray } from "../connection/parameters.ts";
import { hexOf, type IdempotencyRow, idempotencyArrays, toResponse } from "./idempotency.ts";

interface EventIdRow {
  readonly applicationSeq: number;
  readonly eventId: string;
}

interface SendRow {
  readonly deliverySeq: number;
  readonly number: number;
  readonly messageSeq: number;
}

/**
 * What makes messages of one transaction known: event ids, idempotency keys, and the numbers of messages
 * that functions send. Another instance may store the same ones at the same time. Then the transaction
 * waits for the other one and, if that commits, rejects with `LostRace`.
 */
export class AcceptKeys {
  /** The messages that are stored, by each of their keys. */
  readonly #eventIds = new Map<string, NewMessage>();
  readonly #idempotency = new Map<string, NewMessage>();
  readonly #sends = new Map<string, NewMessage>();

  private constructor(
    private readonly knownEventIds: ReadonlySet<string>,
    private readonly knownResponses: ReadonlyMap<string, IdempotencyRow>,
    private readonly knownSends: ReadonlyMap<string, number>,
  ) {}

  static async read(transaction: Transaction, messages: readonly NewMessage[]): Promise<AcceptKeys> {
    const [eventIds, responses, sends] = await Promise.all([
      readEventIds(transaction, messages),
      readResponses(transaction, messages),
      readSends(transaction, messages),
    ]);
    return new AcceptKeys(
      new Set(eventIds.map(eventIdName)),
      new Map(responses.map((row) => [hexOf(row.key), row])),
      new Map(sends.map((row) => [sendName(row), row.messageSeq])),
    );
  }

  /** Returns why a message must not be stored, or null. */
  refusalOf({ applicationSeq, eventId, idempotency, sentBy = null, acceptedAt }: NewMessage): AcceptResult | null {
    if (sentBy !== null) {
      const messageSeq = this.knownSends.get(sendName(sentBy)) ?? this.#sends.get(sendName(sentBy))?.seq;
      if (messageSeq !== undefined) return known({ kind: "message", messageSeq });
    }
    if (idempotency !== null) {
      const key = hexOf(idempotency.key);
      const first = this.#idempotency.get(key);
      if (first !== undefined && first.idempotency!.expiresAt > acceptedAt) return known(responseOf(first));
      const row = this.knownResponses.get(key);
      if (row !== undefined && row.expiresAt > acceptedAt) return known(toResponse(row));
    }
    if (eventId !== null) {
      const name = eventIdName({ applicationSeq, eventId });
      if (this.knownEventIds.has(name) || this.#eventIds.has(name)) return { accepted: false, because: "event-id" };
    }
    return null;
  }

  /** Keeps the keys of a message that is stored. */
  take(message: NewMessage): null {
    const { applicationSeq, eventId, idempotency, sentBy = null } = message;
    if (eventId !== null) this.#eventIds.set(eventIdName({ applicationSeq, eventId }), message);
    if (idempotency !== null) this.#idempotency.set(hexOf(idempotency.key), message);
    if (sentBy !== null) this.#sends.set(sendName(sentBy), message);
    return null;
  }

  async store(transaction: Transaction): Promise<void> {
    const [eventIds, keys, sends] = [this.#eventIds, this.#idempotency, this.#sends].map((map) => [...map.values()]);
    await Promise.all([
      insertAll(
        transaction,
        eventIds!.length,
        `INSERT INTO event_id SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[]) ON CONFLICT DO NOTHING`,
        () => [
          numberArray(eventIds!.map(({ applicationSeq }) => applicationSeq)),
          textArray(eventIds!.map(({ eventId }) => eventId)),
          numberArray(eventIds!.map(({ seq }) => seq)),
        ],
      ),
      insertAll(
        transaction,
        keys!.length,
        `INSERT INTO idempotency (key, status, message_seq, expires_at, body_hash)
         SELECT substr($1::bytea, key_start, 32), 202, message_seq, expires_at, substr($5::bytea, hash_start, hash_length)
         FROM unnest($2::integer[], $3::bigint[], $4::bigint[], $6::integer[], $7::integer[], $8::bigint[])
           AS k(key_start, message_seq, expires_at, hash_start, hash_length, accepted_at)
         ON CONFLICT (key) DO UPDATE SET status = excluded.status, message_seq = excluded.message_seq, sealed = NULL,
           expires_at = excluded.expires_at, body_hash = excluded.body_hash
         WHERE idempotency.expires_at <= $9`,
        () => idempotencyArrays(keys!),
      ),
      insertAll(
        transaction,
        sends!.length,
        `INSERT INTO function_send SELECT * FROM unnest($1::bigint[], $2::integer[], $3::bigint[], $4::integer[])
         ON CONFLICT DO NOTHING`,
        () => [
          numberArray(sends!.map(({ sentBy }) => sentBy!.deliverySeq)),
          numberArray(sends!.map(({ sentBy }) => sentBy!.number)),
          numberArray(sends!.map(({ seq }) => seq)),
          numberArray(sends!.map(({ sentBy }) => sentBy!.hops)),
        ],
      ),
    ]);
  }
}

/** Inserts rows. Rejects with `LostRace` if another instance has stored one of them first. */
async function insertAll(
  transaction: Transaction,
  count: number,
  sql: string,
  parameters: () => readonly Parameter[],
): Promise<void> {
  if (count > 0 && (await transaction.run(sql, parameters())) < count) throw new LostRace();
}

const known = (response: ReturnType<typeof toResponse>): AcceptResult => ({
  accepted: false,
  because: "idempotency",
  response,
});

function responseOf({ seq, idempotency }: NewMessage): ReturnType<typeof toResponse> {
  const bodyHash = idempotency!.bodyHash;
  return { kind: "message", messageSeq: seq, ...(bodyHash !== null && { bodyHash }) };
}

const eventIdName = ({ applicationSeq, eventId }: EventIdRow): string => `${applicationSeq} ${eventId}`;
const sendName = ({ deliverySeq, number }: Pick<SendRow, "deliverySeq" | "number">): string =>
  `${deliverySeq} ${number}`;

async function readEventIds(transaction: Transaction, messages: readonly NewMessage[]): Promise<EventIdRow[]> {
  const asked = messages.filter(({ eventId }) => eventId !== null);
  if (asked.length === 0) return [];
  return transaction.all(
    `SELECT application_seq AS "applicationSeq", event_id AS "eventId" FROM event_id
     JOIN unnest($1::bigint[], $2::text[]) AS asked(application_seq, event_id) USING (application_seq, event_id)`,
    [numberArray(asked.map(({ applicationSeq }) => applicationSeq)), textArray(asked.map(({ eventId }) => eventId))],
  );
}

async function readResponses(transaction: Transaction, messages: readonly NewMessage[]): Promise<IdempotencyRow[]> {
  const keys = messages.flatMap(({ idempotency }) => (idempotency === null ? [] : [idempotency.key]));
  if (keys.length === 0) return [];
  const { joined, starts } = bytes(keys);
  return transaction.all(
    `SELECT key, status, message_seq AS "messageSeq", expires_at AS "expiresAt", sealed, body_hash AS "bodyHash" FROM idempotency
     WHERE key = ANY (ARRAY(SELECT substr($1::bytea, start, 32) FROM unnest($2::integer[]) AS start))`,
    [joined, starts],
  );
}

async function readSends(transaction: Transaction, messages: readonly NewMessage[]): Promise<SendRow[]> {
  const asked = messages.flatMap(({ sentBy = null }) => (sentBy === null ? [] : [sentBy]));
  if (asked.length === 0) return [];
  return transaction.all(
    `SELECT delivery_seq AS "deliverySeq", number, message_seq AS "messageSeq" FROM function_send
     JOIN unnest($1::bigint[], $2::integer[]) AS asked(delivery_seq, number) USING (delivery_seq, number)`,
    [numberArray(asked.map(({ deliverySeq }) => deliverySeq)), numberArray(asked.map(({ number }) => number))],
  );
}

import type { Database, Statement } from "bun:sqlite";
import type { IdPrefix, Seq } from "../../../core/id.ts";
import type { Cell, Ids, Row } from "../../index.ts";
import { isOfMessageTo } from "../indexes/message-deliveries.ts";
import { eventIdKey } from "../keys/event-ids.ts";
import type { DestinationParts } from "./destination-parts.ts";
import { fromPage, idIn } from "./rows.ts";

/**
 * Writes rows that come from another installation. A row keeps its number, which has its time, if the
 * number is free. Otherwise it gets the next free one. Its id is kept in both cases.
 */
export class ArrivedRows {
  readonly #inserts = new Map<string, Statement>();
  readonly #uses = new Map<string, Statement>();
  readonly #deliveryOf;
  readonly #ownerOf;
  readonly #batchIsUsed;
  readonly #list;
  readonly #erase;

  constructor(private readonly parts: DestinationParts) {
    const { db } = parts;
    this.#deliveryOf = db.prepare<{ seq: number }, [number, number]>(
      `SELECT seq FROM delivery WHERE ${isOfMessageTo("?1", "?2")}`,
    );
    this.#ownerOf = db.prepare<{ seq: number }, [number]>("SELECT application_seq AS seq FROM message WHERE seq = ?");
    this.#batchIsUsed = db.prepare<unknown, [number]>("SELECT 1 FROM delivery WHERE batch_seq = ? LIMIT 1");
    this.#erase = db.prepare<unknown, [number]>(
      "UPDATE message SET payload = NULL, payload_expires_at = NULL WHERE seq = ? AND payload IS NOT NULL",
    );
    // What a function has sent must not count for another delivery.
    this.#uses.set(
      "delivery",
      db.prepare("SELECT 1 FROM delivery WHERE seq = ?1 UNION ALL SELECT 1 FROM function_send WHERE delivery_seq = ?1"),
    );
    // The numbers of applications and endpoints also name their lists in the index of stretches.
    this.#list = db.prepare<unknown, [number]>(
      `SELECT 1 FROM application WHERE seq = ?1 UNION ALL SELECT 1 FROM endpoint WHERE seq = ?1
       UNION ALL SELECT 1 FROM stretch WHERE list_seq = ?1`,
    );
  }

  /** Stores a row, or replaces the one with the same primary key. */
  put(table: string, row: Row): void {
    const stored = fromPage(row, this.parts.box);
    const columns = Object.keys(stored);
    const key = `${table} ${columns.join()}`;
    let insert = this.#inserts.get(key);
    if (insert === undefined) {
      insert = this.parts.db.prepare(insertSql(this.parts.db, table, columns));
      this.#inserts.set(key, insert);
    }
    insert.run(...(Object.values(stored) as never[]));
    if (typeof stored.seq === "number") this.parts.numbers.reach(stored.seq);
  }

  freeList(wanted: Seq): Seq {
    return free(this.#list, wanted);
  }

  endpointSeqFor(applicationSeq: Seq, row: Row, ids: Ids): Seq {
    const id = idIn(ids, "ep_", row.seq);
    const known = this.parts.kept.seqOf(id);
    const owner = known === null ? null : this.parts.db.query<{ seq: number }, [number]>(OWNER_OF_ENDPOINT).get(known);
    // Each page of settings replaces the endpoints of an application that is arriving.
    if (known !== null && (owner === null || owner.seq === applicationSeq)) return known;
    const seq = free(this.#list, row.seq as Seq);
    this.parts.kept.keep(id, seq);
    return seq;
  }

  tokenSeqFor(row: Row, ids: Ids): Seq {
    return this.#seqFor("tok_", "token", row.seq as Seq, ids, () => true);
  }

  /** Returns the ids of those messages of a page that are not stored. */
  missingMessages(applicationSeq: Seq, messages: readonly Cell[], ids: Ids): string[] {
    const wanted = new Set(messages.map((seq) => idIn(ids, "msg_", seq)));
    return [...wanted].filter((id) => this.#messageSeq(applicationSeq, id) === null);
  }

  /** Deletes the payloads of stored messages. */
  erase(messages: readonly Seq[], ids: Ids): void {
    for (const seq of messages) this.#erase.run(this.parts.kept.seqOf(idIn(ids, "msg_", seq))!);
  }

  putMessage(applicationSeq: Seq, row: Row, ids: Ids): Seq {
    const isOwn = (seq: Seq) => (this.#ownerOf.get(seq)?.seq ?? applicationSeq) === applicationSeq;
    const seq = this.#seqFor("msg_", "message", row.seq as Seq, ids, isOwn);
    this.put("message", { ...row, seq, application_seq: applicationSeq });
    this.parts.applicationMessages.addIfMissing(applicationSeq, seq);
    if (typeof row.event_id === "string") this.#addEventId(applicationSeq, row.event_id, seq);
    return seq;
  }

  #addEventId(applicationSeq: Seq, eventId: string, seq: Seq): void {
    const { eventIds } = this.parts;
    const key = eventIdKey(applicationSeq, eventId);
    if (eventIds.seqOf(applicationSeq, eventId, key) === null) eventIds.add(key, seq);
  }

  /** Stores a delivery, or replaces it. Returns its number. */
  putDelivery(row: Row, ids: Ids, aheadMs: number): Seq {
    const { kept } = this.parts;
    const messageSeq = kept.seqOf(idIn(ids, "msg_", row.message_seq))!;
    const endpointSeq = kept.seqOf(idIn(ids, "ep_", row.endpoint_seq))!;
    const seq = this.#deliveryOf.get(messageSeq, endpointSeq)?.seq ?? this.freeIn("delivery", row.seq as Seq);
    const batchSeq = row.batch_seq == null ? null : this.#batchSeqFor(row.batch_seq as Seq, ids);
    const dueAt = (row.due_at as number) - ((row.attempts_total as number) > 0 ? aheadMs : 0);
    // The attempts that arrive are all listed. If the delivery is replaced, its own attempt remains its own.
    const { success_seq: _, ...columns } = row;
    this.put("delivery", {
      ...columns,
      ...{ seq, message_seq: messageSeq, endpoint_seq: endpointSeq, batch_seq: batchSeq, due_at: dueAt },
    });
    return seq;
  }

  hasDelivery(messageSeq: Seq, endpointSeq: Seq): Seq | null {
    return this.#deliveryOf.get(messageSeq, endpointSeq)?.seq ?? null;
  }

  /** Returns the first number from `wanted` on that no row of a table has. */
  freeIn(table: string, wanted: Seq): Seq {
    let isUsed = this.#uses.get(table);
    if (isUsed === undefined) {
      isUsed = this.parts.db.prepare(`SELECT 1 FROM ${table} WHERE seq = ?`);
      this.#uses.set(table, isUsed);
    }
    return free(isUsed, wanted);
  }

  #messageSeq(applicationSeq: Seq, id: string): Seq | null {
    const seq = this.parts.kept.seqOf(id);
    return seq !== null && this.#ownerOf.get(seq)?.seq === applicationSeq ? seq : null;
  }

  #batchSeqFor(batchSeq: Seq, ids: Ids): Seq {
    const id = idIn(ids, "batch_", batchSeq);
    const known = this.parts.kept.seqOf(id);
    if (known !== null) return known;
    const seq = free(this.#batchIsUsed, batchSeq);
    this.parts.kept.keep(id, seq);
    return seq;
  }

  /** Returns the number of the row with an id of the origin: the known one if it `fits`, or a free one. */
  #seqFor(prefix: IdPrefix, table: string, wanted: Seq, ids: Ids, fits: (seq: Seq) => boolean): Seq {
    const id = idIn(ids, prefix, wanted);
    const known = this.parts.kept.seqOf(id);
    if (known !== null && fits(known)) return known;
    const seq = this.freeIn(table, wanted);
    this.parts.kept.keep(id, seq);
    return seq;
  }
}

const OWNER_OF_ENDPOINT = "SELECT application_seq AS seq FROM endpoint WHERE seq = ?";

function free(isUsed: Statement, wanted: Seq): Seq {
  let seq = wanted;
  while ((isUsed as Statement<unknown, [number]>).get(seq) !== null) seq++;
  return seq;
}

function insertSql(db: Database, table: string, columns: readonly string[]): string {
  const known = db
    .query<{ name: string; pk: number }, [string]>("SELECT name, pk FROM pragma_table_info(?)")
    .all(table);
  const unknown = columns.find((column) => !known.some(({ name }) => name === column));
  if (unknown !== undefined) throw new Error(`Internal error: the table ${table} has no column ${unknown}.`);
  const key = known.find(({ pk }) => pk > 0)?.name;
  const values = columns.map(() => "?").join(", ");
  const insert = `INSERT INTO ${table} (${columns.join(", ")}) VALUES (${values})`;
  if (key === undefined || !columns.includes(key)) return insert;
  const changes = columns.filter((column) => column !== key).map((column) => `${column} = excluded.${column}`);
  return `${insert} ON CONFLICT (${key}) DO UPDATE SET ${changes.join(", ")}`;
}

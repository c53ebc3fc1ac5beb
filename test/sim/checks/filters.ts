import type { Database } from "bun:sqlite";
import type { EndpointSettings } from "../../../src/commands/endpoints.ts";
import type { Seq } from "../../../src/core/id.ts";
import { fulfilsSlowly, parseSlowly } from "../../filter/reference.ts";
import type { Marks } from "../marks.ts";
import type { Sent } from "../scene.ts";
import type { Violation } from "./violation.ts";

interface DeliveryRow {
  readonly messageSeq: Seq;
  readonly endpointSeq: Seq;
}

interface EndpointRow {
  readonly seq: Seq;
  readonly applicationSeq: Seq;
  readonly filter: string;
}

/**
 * Checks that endpoints with a filter have deliveries of exactly the matching messages. A filter never
 * changes in a world.
 */
export class FilterChecks {
  /**
   * Endpoints with a filter that have got every matching message since they were created: those with
   * numbers greater than this one.
   */
  readonly #openSince = new Map<Seq, Seq>();

  constructor(
    private readonly db: Database,
    private readonly marks: Marks,
    private readonly violation: Violation,
  ) {}

  /** Must be called when an endpoint has been created. `last` is the latest number at that time. */
  endpointCreated(seq: Seq, { filter, eventTypes, channels }: EndpointSettings, last: Seq): void {
    const hasMore = (eventTypes ?? null) !== null || (channels ?? null) !== null;
    if (filter != null && !hasMore) this.#openSince.set(seq, last);
  }

  /** Must be called before an endpoint is changed: it may get no messages for some time. */
  changing(endpointSeq: Seq): void {
    this.#openSince.delete(endpointSeq);
  }

  /** Checks the deliveries of all messages at the end. */
  everyMessage(sent: readonly Sent[]): void {
    const endpoints = this.db
      .query<EndpointRow, []>(
        `SELECT e.seq, e.application_seq AS applicationSeq, e.filter FROM endpoint e
         JOIN application a ON a.seq = e.application_seq WHERE e.filter IS NOT NULL AND a.source_seq IS NULL`,
      )
      .all();
    const rows = this.db
      .query<DeliveryRow, []>("SELECT message_seq AS messageSeq, endpoint_seq AS endpointSeq FROM delivery")
      .all();
    const got = new Set(rows.map(({ messageSeq, endpointSeq }) => `${messageSeq} ${endpointSeq}`));
    const types = this.db.query<{ seq: Seq; eventType: string }, []>(
      "SELECT seq, event_type AS eventType FROM message",
    );
    const typeOf = new Map(types.all().map(({ seq, eventType }) => [seq, eventType]));
    for (const message of sent) {
      const eventType = typeOf.get(message.seq);
      if (message.answer === "refused" || eventType === undefined) continue;
      const payload = Buffer.from(message.payload).toString();
      for (const endpoint of endpoints) {
        if (endpoint.applicationSeq !== message.applicationSeq) continue;
        const isWanted = wants(endpoint.filter, eventType, payload);
        this.#check(endpoint, message, isWanted, got.has(`${message.seq} ${endpoint.seq}`));
      }
    }
  }

  #check({ seq }: EndpointRow, message: Sent, isWanted: boolean, hasGot: boolean): void {
    if (hasGot && !isWanted) this.violation(`endpoint ${seq} has got message ${message.seq}, which its filter refuses`);
    if (!isWanted) this.marks.hit("filter: message not wanted");
    const isOlder = (this.#openSince.get(seq) ?? message.seq) < message.seq;
    if (isOlder && isWanted && !hasGot)
      this.violation(`endpoint ${seq} has not got message ${message.seq}, which matches`);
    if (hasGot && isWanted) this.marks.hit("filter: message wanted");
  }
}

function wants(filter: string, eventType: string, payload: string): boolean {
  const document = `{"eventType":${JSON.stringify(eventType)},"payload":${payload}}`;
  return fulfilsSlowly(parseSlowly(document), parseSlowly(filter));
}

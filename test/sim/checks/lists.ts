import type { Database } from "bun:sqlite";
import type { Seq } from "../../../src/core/id.ts";
import type {
  AttemptFilter,
  DeadLetterFilter,
  EndpointMessageFilter,
  MessageFilter,
  PageOf,
  PageRequest,
  Store,
  TimeWindow,
} from "../../../src/store/index.ts";
import type { Dice } from "../dice.ts";
import { CHANNELS, EVENT_TYPES, HOUR_MS, type Scene, TAGS } from "../scene.ts";
import {
  type AttemptRow,
  type DeadRow,
  type DeliveryRow,
  fits,
  fitsAttempt,
  fitsDead,
  fitsDelivery,
  type Labelled,
} from "./list-filters.ts";
import type { Violation } from "./violation.ts";

const STATUSES = ["delivered", "waiting", "retrying", "failed", "cancelled"] as const;
const CLASSES = ["none", "2xx", "3xx", "4xx", "5xx"] as const;
/** Number of lists that are read in each check. */
const LISTS = 16;
/** More event types than the store looks up separately. */
const MANY_TYPES = [...EVENT_TYPES.slice(1), ..."abcdefgh"];

/** A filtered list: a function that reads it from the store, and the rows that it must contain. */
interface Listing {
  readonly name: string;
  readonly filter: object;
  readonly read: (page: PageRequest) => Promise<PageOf<{ readonly seq: Seq }>>;
  /** Expected rows in ascending order. */
  readonly wanted: readonly Seq[];
}

/**
 * Checks that every list has the rows that plain SQL finds, with any filter and in both directions.
 */
export class ListChecks {
  constructor(
    private readonly db: Database,
    private readonly dice: Dice,
    private readonly violation: Violation,
  ) {}

  /** Reads and checks a few random lists. */
  async look(scene: Pick<Scene, "environment" | "applications" | "endpoints">, store: Store): Promise<void> {
    const { dice } = this;
    for (let i = 0; i < LISTS; i++) {
      const endpoint = dice.pick(scene.endpoints);
      const listing = dice.pick([
        () => this.#messages(store, dice.pick(scene.applications)),
        () => this.#attempts(store, endpoint),
        () => this.#endpointMessages(store, endpoint),
        () => this.#deadLetters(store, scene, endpoint),
      ])();
      await this.#compare(listing, dice.chance(0.5));
    }
  }

  async #compare({ name, filter, read, wanted }: Listing, backwards: boolean): Promise<void> {
    const listed = await readAll(read, this.dice.pick([5, 50]), backwards);
    const order = backwards ? wanted : wanted.toReversed();
    if (listed.length === order.length && listed.every((seq, i) => seq === order[i])) return;
    const way = backwards ? "from its end" : "from its beginning";
    const missing = order.filter((seq) => !listed.includes(seq)).length;
    this.violation(
      `the list of ${name} with ${JSON.stringify(filter)}, read ${way}, has ${listed.length} of ${order.length} rows, ${missing} are missing`,
    );
  }

  #messages(store: Store, application: Seq): Listing {
    const filter = this.#rollLabels();
    const rows = this.#all<Labelled>(
      "SELECT seq, event_type, channels, tags FROM message WHERE application_seq = ? ORDER BY seq",
      application,
    );
    return {
      name: `messages of ${application}`,
      filter,
      read: (page) => store.history.messages.list(application, filter, page, false),
      wanted: rows.filter((row) => fits(row, filter)).map(({ seq }) => seq),
    };
  }

  #attempts(store: Store, endpoint: Seq): Listing {
    const { dice } = this;
    const filter: AttemptFilter = {
      ...this.#rollLabels(),
      ...(dice.chance(0.5) ? { outcome: dice.pick(["delivered", "failed"] as const) } : {}),
      ...(dice.chance(0.3) ? { responseClass: dice.pick(CLASSES) } : {}),
    };
    const rows = this.#all<AttemptRow>(
      `SELECT t.seq, t.started_at, t.reason, t.response_status, m.event_type, m.channels, m.tags
       FROM attempt t JOIN message m ON m.seq = t.message_seq WHERE t.endpoint_seq = ? ORDER BY t.seq`,
      endpoint,
    );
    return {
      name: `attempts of ${endpoint}`,
      filter,
      read: (page) => store.history.attempts.ofEndpoint(endpoint, filter, page, false),
      wanted: rows.filter((row) => fits(row, filter, row.started_at) && fitsAttempt(row, filter)).map(({ seq }) => seq),
    };
  }

  #endpointMessages(store: Store, endpoint: Seq): Listing {
    const { dice } = this;
    const filter: EndpointMessageFilter = {
      ...this.#rollLabels(),
      ...(dice.chance(0.8) ? { status: dice.pick(STATUSES) } : {}),
    };
    const rows = this.#all<DeliveryRow>(
      `SELECT m.seq, m.event_type, m.channels, m.tags, d.state, d.attempts_total, d.round > 0 AND EXISTS
         (SELECT 1 FROM attempt t WHERE t.delivery_seq = d.seq AND t.reason IS NULL) AS arrivedBefore
       FROM message m JOIN delivery d ON d.message_seq = m.seq WHERE d.endpoint_seq = ? ORDER BY m.seq`,
      endpoint,
    );
    const [application] = this.#all<{ seq: Seq }>(
      "SELECT application_seq AS seq FROM endpoint WHERE seq = ?",
      endpoint,
    );
    return {
      name: `messages of the endpoint ${endpoint}`,
      filter,
      read: (page) => store.history.messages.ofEndpoint(application!.seq, endpoint, filter, page),
      wanted: rows.filter((row) => fits(row, filter) && fitsDelivery(row, filter)).map(({ seq }) => seq),
    };
  }

  #deadLetters(
    store: Store,
    { environment, applications }: Pick<Scene, "environment" | "applications">,
    endpoint: Seq,
  ): Listing {
    const { dice } = this;
    const filter: DeadLetterFilter = {
      environmentSeq: environment,
      ...this.#rollWindow("ended_at", "delivery"),
      ...(dice.chance(0.3) ? { endpointSeq: endpoint } : {}),
      ...(dice.chance(0.3) ? { applicationSeq: dice.pick(applications) } : {}),
      ...(dice.chance(0.3) ? { eventTypes: this.#rollTypes() } : {}),
      ...(dice.chance(0.3) ? { reason: dice.pick(["timeout", "status_5xx", "disabled"] as const) } : {}),
    };
    const rows = this.#all<DeadRow>(
      `SELECT d.seq, d.endpoint_seq, e.application_seq, d.reason, d.ended_at, m.event_type, m.channels, m.tags
       FROM delivery d JOIN message m ON m.seq = d.message_seq JOIN endpoint e ON e.seq = d.endpoint_seq
       WHERE d.state = 2 AND ? ORDER BY d.seq`,
      1,
    );
    return {
      name: "dead letters",
      filter,
      read: (page) => store.history.deadLetters.list(filter, page),
      wanted: rows.filter((row) => fitsDead(row, filter)).map(({ seq }) => seq),
    };
  }

  #all<Row>(sql: string, value: number): Row[] {
    return this.db.prepare<Row, [number]>(sql).all(value);
  }

  #rollLabels(): MessageFilter {
    const { dice } = this;
    return {
      ...(dice.chance(0.5) ? { eventTypes: this.#rollTypes() } : {}),
      ...(dice.chance(0.3) ? { channel: dice.pick([...CHANNELS, "none"]) } : {}),
      ...(dice.chance(0.3) ? { tag: dice.pick([...TAGS, "none"]) } : {}),
      ...this.#rollWindow("accepted_at", "message"),
    };
  }

  #rollTypes(): readonly string[] {
    return this.dice.pick([[this.dice.pick(EVENT_TYPES)], EVENT_TYPES.slice(0, 2), MANY_TYPES]);
  }

  /** Returns a random range of the rows of a table, or no restriction. */
  #rollWindow(column: string, table: string): TimeWindow {
    const { dice } = this;
    if (dice.chance(0.7)) return {};
    const [span] = this.#all<{ first: number | null; last: number | null }>(
      `SELECT MIN(${column}) AS first, MAX(${column}) AS last FROM ${table} WHERE ?`,
      1,
    );
    const { first, last } = span!;
    if (first === null || last === null) return {};
    const instant = () => first + dice.below(last - first + HOUR_MS);
    return { ...(dice.chance(0.6) ? { before: instant() } : {}), ...(dice.chance(0.6) ? { after: instant() } : {}) };
  }
}

/** Reads a list page by page, forwards from its first row or backwards from its last. */
async function readAll(read: Listing["read"], limit: number, backwards: boolean): Promise<Seq[]> {
  const seqs: Seq[] = [];
  for (let from: Seq | null = null; ; ) {
    const { rows, more, resume } = await read({ limit, from, backwards, order: "descending" });
    const page = rows.map(({ seq }) => seq);
    if (backwards) page.reverse();
    seqs.push(...page);
    if (!more) return seqs;
    from = resume ?? page.at(-1)!;
  }
}

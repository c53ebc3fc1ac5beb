import type { Seq } from "../../../core/id.ts";
import type { Clock } from "../../../ports.ts";
import type { MessageContent, Queue } from "../../index.ts";
import { CONTENT_COLUMNS, type ContentRow, toContent } from "../../sql/message-row.ts";
import type { Queries } from "../connection/database.ts";
import { Gathered } from "../connection/gathered.ts";
import { numberArray } from "../connection/parameters.ts";

/** Maximum number of messages whose contents one statement reads. */
const READ_TOGETHER = 64;
/** Size of a payload, in bytes, from which it is read apart from the contents of other messages. */
export const LARGE_BYTES = 16_384;
/** Maximum size of the large payloads that one statement reads, in bytes. A single one may be larger. */
export const LARGE_TOGETHER_BYTES = 1_048_576;

/** `payload` is null if it is large. */
interface Row extends ContentRow {
  /** Size of the payload. Null if the message has none any more. */
  readonly bytes: number | null;
}

/**
 * Reads contents for many lanes with one statement. A lane with large payloads does not delay the others that
 * share its statement: large payloads are read by statements of their own, a few at a time.
 */
export function contentsVerb(queries: Queries, clock: Clock): Queue["contents"] {
  const rows = new Gathered<readonly Seq[], Array<Row | null>>({
    ...{ clock, sizeMax: READ_TOGETHER, sizeOf: ({ length }) => length },
    read: (calls) => readRows(queries, calls),
  });
  const large = new LargePayloads(queries, clock);
  const contentOf = ({ bytes, ...row }: Row): MessageContent | Promise<MessageContent> =>
    row.payload !== null || bytes === null
      ? toContent(row)
      : large.read(row.seq, bytes).then((payload) => toContent({ ...row, payload }));
  return async (messageSeqs) =>
    Promise.all((await rows.read(messageSeqs)).map((row) => (row === null ? null : contentOf(row))));
}

/**
 * Returns the parameter's numbers, one row each. With `ANY`, a plan that was made while the table was nearly
 * empty would read it all. One row after the other is always read from the index. The number of messages that
 * PostgreSQL expects is fixed, so it makes no new plan for each use.
 */
const eachOf = (select: string): string =>
  `generate_subscripts($1::bigint[], 1) AS wanted(number) CROSS JOIN LATERAL (${select}
     FROM message WHERE seq = ($1::bigint[])[wanted.number] LIMIT 1) AS content`;

// PostgreSQL knows the size of a payload without reading it.
const ROWS = `SELECT ${CONTENT_COLUMNS}, bytes FROM ${eachOf(
  `SELECT seq, application_seq, event_type, event_id, content_type, headers, channels, tags, accepted_at, received,
     length(payload) AS bytes, CASE WHEN length(payload) < ${LARGE_BYTES} THEN payload END AS payload`,
)}`;

const PAYLOADS = `SELECT seq, payload FROM ${eachOf("SELECT seq, payload")}`;

/** Returns the rows of the messages of each call. */
async function readRows(queries: Queries, calls: ReadonlyArray<readonly Seq[]>): Promise<Array<Array<Row | null>>> {
  const rows = await queries.all<Row>(ROWS, [numberArray([...new Set(calls.flat())])]);
  const bySeq = new Map(rows.map((row) => [row.seq, row]));
  return calls.map((messageSeqs) => messageSeqs.map((seq) => bySeq.get(seq) ?? null));
}

interface Large {
  readonly seq: Seq;
  readonly bytes: number;
}

/** Reads large payloads. Lanes that want the same one at the same time share the read. */
class LargePayloads {
  readonly #reading = new Map<Seq, Promise<Uint8Array | null>>();
  readonly #payloads: Gathered<Large, Uint8Array | null>;

  constructor(queries: Queries, clock: Clock) {
    this.#payloads = new Gathered({
      ...{ clock, sizeMax: LARGE_TOGETHER_BYTES, sizeOf: ({ bytes }) => bytes },
      read: async (wanted) => {
        const rows = await queries.all<{ seq: Seq; payload: Uint8Array | null }>(PAYLOADS, [
          numberArray(wanted.map(({ seq }) => seq)),
        ]);
        const bySeq = new Map(rows.map(({ seq, payload }) => [seq, payload]));
        return wanted.map(({ seq }) => bySeq.get(seq) ?? null);
      },
    });
  }

  /** Returns null if the message has no payload any more. */
  read(seq: Seq, bytes: number): Promise<Uint8Array | null> {
    const known = this.#reading.get(seq);
    if (known !== undefined) return known;
    const reading = this.#payloads.read({ seq, bytes }).finally(() => this.#reading.delete(seq));
    this.#reading.set(seq, reading);
    return reading;
  }
}

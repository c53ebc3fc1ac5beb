import type { NamedRecords, NameSearch } from "../index.ts";
import type { Survey } from "../survey.ts";
import type { Bindings } from "./page.ts";

/** Number of records whose names one step compares. */
const STEP_ROWS = 1000;
/** Maximum number of steps for one kind of record. Further records are not found. */
const STEPS_MAX = 20;

interface Scan<Row> {
  /** Returns the next rows in the order of their keys, which are greater than `$after`. */
  readonly sql: string;
  readonly first: string | number;
  keyOf(row: Row): string | number;
  /** The texts of a row that are compared. */
  textsOf(row: Row): readonly (string | null)[];
}

type EventTypeRow = NamedRecords["eventTypes"][number];
type SourceRow = NamedRecords["sources"][number];
type TokenRow = NamedRecords["tokens"][number];

/** The index contains the names, so the schemas are not read. */
const EVENT_TYPES: Scan<EventTypeRow> = {
  sql: "SELECT name FROM event_type WHERE environment_seq = $environmentSeq AND name > $after ORDER BY name",
  first: "",
  keyOf: ({ name }) => name,
  textsOf: ({ name }) => [name],
};

const SOURCES: Scan<SourceRow> = {
  sql: `SELECT seq, name, uid FROM source
    WHERE environment_seq = $environmentSeq AND deleted_at IS NULL AND seq > $after ORDER BY seq`,
  first: 0,
  keyOf: ({ seq }) => seq,
  textsOf: ({ name, uid }) => [name, uid],
};

const TOKENS: Scan<TokenRow> = {
  sql: `SELECT seq, name FROM token
    WHERE environment_seq = $environmentSeq AND application_seq IS NULL AND seq > $after AND revoked_at IS NULL
      AND (expires_at IS NULL OR expires_at > $validAt) ORDER BY seq`,
  first: 0,
  keyOf: ({ seq }) => seq,
  textsOf: ({ name }) => [name],
};

/** Reads rows. Before the steps of a search after the first, `isFirst` is false. */
export type ReadNamed = <Row>(sql: string, bindings: Bindings, isFirst: boolean) => Promise<Row[]>;

/**
 * Finds records by a part of their names, in steps. TypeScript compares the names, because databases may
 * ignore the case of ASCII letters only.
 */
export function namedSearch(read: ReadNamed): Survey["named"] {
  async function scan<Row>({ sql, first, keyOf, textsOf }: Scan<Row>, bindings: Bindings, search: NameSearch) {
    const wanted = search.text.toLowerCase();
    const found: Row[] = [];
    let after: string | number = first;
    for (let step = 0; step < STEPS_MAX && found.length < search.limit; step++) {
      const some = await read<Row>(`${sql} LIMIT ${STEP_ROWS}`, { ...bindings, after }, step === 0);
      found.push(...some.filter((row) => textsOf(row).some((text) => text?.toLowerCase().includes(wanted))));
      if (some.length < STEP_ROWS) break;
      after = keyOf(some.at(-1)!);
    }
    return found.slice(0, search.limit);
  }

  return async (environmentSeq, search) => ({
    eventTypes: await scan(EVENT_TYPES, { environmentSeq }, search),
    sources: await scan(SOURCES, { environmentSeq }, search),
    tokens: await scan(TOKENS, { environmentSeq, validAt: search.validAt }, search),
  });
}

import type { Database } from "bun:sqlite";
import type { Seq } from "../../../core/id.ts";
import { type MovedVersions, matters, type PlaceAmongMessages } from "../../../core/moved-versions.ts";
import { STATE } from "../../sql/delivery-row.ts";
import type { Row } from "../../sql/mapping.ts";
import { payloadVersionMapping } from "../../sql/mappings.ts";
import type { Turns } from "../../turns.ts";

/** Number of deliveries that are read in one turn of the event loop. */
const READ_AT_ONCE = 2000;

/** Reads the payload versions of an environment in the order of creation. */
export function versionsReader(db: Database) {
  const all = db.prepare<Row, [number]>(
    `SELECT ${payloadVersionMapping.columns} FROM payload_version WHERE environment_seq = ?`,
  );
  return (environmentSeq: Seq) =>
    all
      .all(environmentSeq)
      .map(payloadVersionMapping.toRecord)
      .sort((a, b) => a.seq - b.seq);
}

type VersionsReader = (applicationSeq: Seq, environmentSeq: Seq) => Promise<MovedVersions | null>;

/** Returns a function that reads the versions on which an application depends; null if it has no endpoint. */
export function movedVersionsReader(db: Database, turns: Turns): VersionsReader {
  const versionsOf = versionsReader(db);
  const pins = db.prepare<{ count: number; unpinned: number; oldest: string | null }, [number]>(
    `SELECT COUNT(*) AS count, SUM(api_version IS NULL) AS unpinned, MIN(api_version) AS oldest FROM endpoint
     WHERE application_seq = ? AND deleted_at IS NULL`,
  );
  const waitingMessages = waitingMessagesReader(db, turns);
  return async (applicationSeq, environmentSeq) => {
    const { count, unpinned, oldest } = pins.get(applicationSeq)!;
    if (count === 0) return null;
    const all = versionsOf(environmentSeq);
    const changes = all.flatMap(({ seq, deletedSeq }) => (deletedSeq === null ? [seq] : [seq, deletedSeq]));
    const places = new Places(changes);
    if (all.length > 0) for await (const seqs of waitingMessages(applicationSeq)) places.addAll(seqs);
    const needed = { oldestPinned: unpinned > 0 ? null : oldest, oldestWaiting: places.oldest };
    const versions = all
      .filter((version) => matters(version, needed))
      .map(({ seq, version, eventTypes, downgrade, deletedSeq }) => ({
        ...{ version, eventTypes, downgrade, created: places.of(seq) },
        deleted: deletedSeq === null ? null : places.of(deletedSeq),
      }));
    return { ...needed, versions };
  };
}

/** Returns a function that reads the messages of an application that wait, some in each turn of the event loop. */
function waitingMessagesReader(db: Database, turns: Turns): (applicationSeq: Seq) => AsyncGenerator<readonly Seq[]> {
  const endpointsOf = db.prepare<{ seq: Seq }, [number]>(
    "SELECT seq FROM endpoint WHERE application_seq = ? AND deleted_at IS NULL",
  );
  const after = (state: number, column: string) =>
    db.prepare<{ place: Seq; seq: Seq; messageSeq: Seq }, number[]>(
      `SELECT ${column} AS place, seq, message_seq AS messageSeq FROM delivery
       WHERE state = ${state} AND endpoint_seq = ? AND (${column}, seq) > (?, ?) ORDER BY ${column}, seq LIMIT ?`,
    );
  const lists = [after(STATE.pending, "position"), after(STATE.dead, "seq")];
  return async function* (applicationSeq) {
    const hasRead = turns.budget(READ_AT_ONCE);
    for (const { seq: endpointSeq } of endpointsOf.all(applicationSeq)) {
      for (const list of lists) {
        for (let last = { place: -1, seq: -1 }; ; ) {
          const rows = list.all(endpointSeq, last.place, last.seq, READ_AT_ONCE);
          yield rows.map(({ messageSeq }) => messageSeq);
          await hasRead(rows.length + 1);
          if (rows.length < READ_AT_ONCE) break;
          last = rows.at(-1)!;
        }
      }
    }
  };
}

/** The messages next to some numbers. */
class Places {
  /** The oldest message. Null if there is none. */
  oldest: Seq | null = null;
  readonly #places: ReadonlyMap<Seq, { after: Seq | null; before: Seq | null }>;

  constructor(numbers: readonly Seq[]) {
    this.#places = new Map(numbers.map((number) => [number, { after: null, before: null }]));
  }

  addAll(messages: readonly Seq[]): void {
    for (const message of messages) {
      if (this.oldest === null || message < this.oldest) this.oldest = message;
    }
    for (const [number, place] of this.#places) {
      for (const message of messages) {
        if (message > number) place.before = Math.min(place.before ?? message, message);
        else place.after = Math.max(place.after ?? message, message);
      }
    }
  }

  of(number: Seq): PlaceAmongMessages {
    return this.#places.get(number)!;
  }
}

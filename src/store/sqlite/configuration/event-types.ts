import type { Database } from "bun:sqlite";
import type { Configuration, EventType } from "../../index.ts";
import type { Row } from "../../sql/mapping.ts";
import { eventTypeMapping } from "../../sql/mappings.ts";
import { Conditions, pageOf } from "../../sql/page.ts";
import { jsonOrNull, unlessTaken } from "../../sql/rows.ts";
import type { Committer } from "../commit/commit.ts";

const { columns, insert, assignments, toRecord, toRecordOrNull, toBindings } = eventTypeMapping;

/** Holds if the event type has no feature flags or at least one of `$flags`. */
const VISIBLE = `(feature_flags = '[]' OR EXISTS (
  SELECT 1 FROM json_each(feature_flags) own JOIN json_each($flags) given ON own.value = given.value))`;

export function eventTypes(db: Database, committer: Committer): Configuration["eventTypes"] {
  const byName = db.prepare<Row, [number, string]>(
    `SELECT ${columns} FROM event_type WHERE environment_seq = ? AND name = ?`,
  );
  const isKnown = db.prepare<{ known: number }, [{ environmentSeq: number; name: string; flags: string | null }]>(
    `SELECT 1 AS known FROM event_type
     WHERE environment_seq = $environmentSeq AND name = $name AND archived = 0 AND ($flags IS NULL OR ${VISIBLE})`,
  );
  const insertOne = db.prepare(insert());
  const replace = db.prepare(
    `UPDATE event_type SET ${assignments} WHERE environment_seq = $environmentSeq AND name = $name`,
  );
  const remove = db.prepare("DELETE FROM event_type WHERE environment_seq = ? AND name = ?");

  const changeOne = (before: EventType, change: (before: EventType) => Partial<EventType>) => {
    const { seq, environmentSeq, name, createdAt } = before;
    const after = { ...before, ...change(before), seq, environmentSeq, name, createdAt };
    replace.run(toBindings(after));
    return { before, after };
  };

  return {
    get: async (environmentSeq, name) => toRecordOrNull(byName.get(environmentSeq, name)),
    list: async (environmentSeq, page) => {
      const where = new Conditions().add("environment_seq = $environmentSeq", { environmentSeq });
      if (!page.includeArchived) where.add("archived = 0");
      if (page.featureFlags != null) where.add(VISIBLE, { flags: JSON.stringify(page.featureFlags) });
      const isAscending = (page.order !== "descending") !== page.backwards;
      if (page.from !== null) where.add(`name ${isAscending ? ">" : "<"} $from`, { from: page.from });
      const rows = db
        .query<Row, [Record<string, string | number | null | Uint8Array>]>(
          `SELECT ${columns} FROM event_type WHERE 1${where.sql}
           ORDER BY name ${isAscending ? "ASC" : "DESC"} LIMIT $limit`,
        )
        .all({ ...where.values, limit: page.limit + 1 });
      return pageOf(rows.map(toRecord), page);
    },
    unknown: async (environmentSeq, names, featureFlags) => {
      const flags = jsonOrNull(featureFlags);
      return names.filter((name) => isKnown.get({ environmentSeq, name, flags }) === null);
    },
    create: (eventType) => unlessTaken(committer.write(() => insertOne.run(toBindings(eventType)))),
    update: (environmentSeq, name, change) =>
      committer.write(() => {
        const row = byName.get(environmentSeq, name);
        return row === null ? "gone" : changeOne(toRecord(row), change);
      }),
    put: (eventType, change) =>
      committer.write(() => {
        const row = byName.get(eventType.environmentSeq, eventType.name);
        if (row !== null) return changeOne(toRecord(row), change).after;
        insertOne.run(toBindings(eventType));
        return eventType;
      }),
    expunge: (environmentSeq, name) => committer.write(() => void remove.run(environmentSeq, name)),
  };
}

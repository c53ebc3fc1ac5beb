import type { Database } from "bun:sqlite";
import type { Configuration, EventType } from "../index.ts";
import type { Committer } from "./commit.ts";
import { Conditions, pageOf } from "./page.ts";
import { isUniqueConflict, jsonOrNull, parsed, parsedOrNull } from "./rows.ts";

const COLUMNS = `seq, environment_seq AS environmentSeq, name, description, archived, deprecated, schemas,
  validation, feature_flags AS featureFlags, group_name AS groupName, created_at AS createdAt, updated_at AS updatedAt`;

interface Row extends Omit<EventType, "archived" | "deprecated" | "schemas" | "featureFlags"> {
  archived: number;
  deprecated: number;
  schemas: string | null;
  featureFlags: string;
}

function toEventType(row: Row): EventType {
  return {
    ...row,
    archived: row.archived === 1,
    deprecated: row.deprecated === 1,
    schemas: parsedOrNull(row.schemas),
    featureFlags: parsed<string[]>(row.featureFlags),
  };
}

function toBindings(eventType: EventType) {
  return {
    environmentSeq: eventType.environmentSeq,
    name: eventType.name,
    description: eventType.description,
    archived: eventType.archived ? 1 : 0,
    deprecated: eventType.deprecated ? 1 : 0,
    schemas: jsonOrNull(eventType.schemas),
    validation: eventType.validation,
    featureFlags: JSON.stringify(eventType.featureFlags),
    groupName: eventType.groupName,
    updatedAt: eventType.updatedAt,
  };
}

/** Without a flag, or with one of `$flags`. */
const VISIBLE = `(feature_flags = '[]' OR EXISTS (
  SELECT 1 FROM json_each(feature_flags) own JOIN json_each($flags) given ON own.value = given.value))`;

export function eventTypes(db: Database, committer: Committer): Configuration["eventTypes"] {
  const byName = db.prepare<Row, [number, string]>(
    `SELECT ${COLUMNS} FROM event_type WHERE environment_seq = ? AND name = ?`,
  );
  const isKnown = db.prepare<{ known: number }, [{ environmentSeq: number; name: string; flags: string | null }]>(
    `SELECT 1 AS known FROM event_type
     WHERE environment_seq = $environmentSeq AND name = $name AND archived = 0 AND ($flags IS NULL OR ${VISIBLE})`,
  );
  const insert = db.prepare(
    `INSERT INTO event_type (seq, environment_seq, name, description, archived, deprecated, schemas, validation, feature_flags,
       group_name, created_at, updated_at)
     VALUES ($seq, $environmentSeq, $name, $description, $archived, $deprecated, $schemas, $validation, $featureFlags,
       $groupName, $createdAt, $updatedAt)`,
  );
  const replace = db.prepare(
    `UPDATE event_type SET description = $description, archived = $archived, deprecated = $deprecated, schemas = $schemas,
       validation = $validation, feature_flags = $featureFlags, group_name = $groupName, updated_at = $updatedAt
     WHERE environment_seq = $environmentSeq AND name = $name`,
  );
  const remove = db.prepare("DELETE FROM event_type WHERE environment_seq = ? AND name = ?");

  const insertOne = (eventType: EventType): void => {
    insert.run({ ...toBindings(eventType), seq: eventType.seq, createdAt: eventType.createdAt });
  };

  const changeOne = (before: EventType, change: (before: EventType) => Partial<EventType>) => {
    const { seq, environmentSeq, name, createdAt } = before;
    const after = { ...before, ...change(before), seq, environmentSeq, name, createdAt };
    replace.run(toBindings(after));
    return { before, after };
  };

  return {
    get: async (environmentSeq, name) => {
      const row = byName.get(environmentSeq, name);
      return row === null ? null : toEventType(row);
    },
    list: async (environmentSeq, page) => {
      const where = new Conditions().add("environment_seq = $environmentSeq", { environmentSeq });
      if (!page.includeArchived) where.add("archived = 0");
      if (page.featureFlags != null) where.add(VISIBLE, { flags: JSON.stringify(page.featureFlags) });
      if (page.from !== null) where.add(`name ${page.backwards ? "<" : ">"} $from`, { from: page.from });
      const rows = db
        .query<Row, [Record<string, string | number | null | Uint8Array>]>(
          `SELECT ${COLUMNS} FROM event_type WHERE 1${where.sql}
           ORDER BY name ${page.backwards ? "DESC" : "ASC"} LIMIT $limit`,
        )
        .all({ ...where.values, limit: page.limit + 1 });
      return pageOf(rows.map(toEventType), page);
    },
    unknown: async (environmentSeq, names, featureFlags) => {
      const flags = jsonOrNull(featureFlags);
      return names.filter((name) => isKnown.get({ environmentSeq, name, flags }) === null);
    },
    create: async (eventType) => {
      try {
        await committer.write(() => insertOne(eventType));
        return true;
      } catch (error) {
        if (isUniqueConflict(error)) return false;
        throw error;
      }
    },
    update: (environmentSeq, name, change) =>
      committer.write(() => {
        const row = byName.get(environmentSeq, name);
        return row === null ? "gone" : changeOne(toEventType(row), change);
      }),
    put: (eventType, change) =>
      committer.write(() => {
        const row = byName.get(eventType.environmentSeq, eventType.name);
        if (row !== null) return changeOne(toEventType(row), change).after;
        insertOne(eventType);
        return eventType;
      }),
    expunge: (environmentSeq, name) => committer.write(() => void remove.run(environmentSeq, name)),
  };
}

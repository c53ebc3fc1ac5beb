import type { Configuration, EventType } from "../../index.ts";
import type { Row } from "../../sql/mapping.ts";
import { eventTypeMapping } from "../../sql/mappings.ts";
import { Conditions, pageOf } from "../../sql/page.ts";
import { unlessTaken } from "../../sql/rows.ts";
import type { Committer, Transaction } from "../commit/commit.ts";
import type { Database } from "../connection/database.ts";
import { LostRace } from "../connection/errors.ts";
import { textArray } from "../connection/parameters.ts";
import { keepEnvironment } from "./environment-lock.ts";

const { columns, insert, assignments, toRecord, toRecordOrNull, toBindings } = eventTypeMapping;

/** Holds if the event type has no feature flags or at least one of `$flags`. */
const VISIBLE =
  "(feature_flags = '[]' OR ARRAY(SELECT json_array_elements_text(feature_flags::json)) && $flags::text[])";

export function eventTypes(database: Database, committer: Committer): Configuration["eventTypes"] {
  const BY_NAME = `SELECT ${columns} FROM event_type WHERE environment_seq = $1 AND name = $2`;

  const changeOne = async (
    transaction: Transaction,
    before: EventType,
    change: (before: EventType) => Partial<EventType>,
  ) => {
    const { seq, environmentSeq, name, createdAt } = before;
    const after = { ...before, ...change(before), seq, environmentSeq, name, createdAt };
    await transaction.run(
      `UPDATE event_type SET ${assignments} WHERE environment_seq = $environmentSeq AND name = $name`,
      toBindings(after),
    );
    return { before, after };
  };

  return {
    get: async (environmentSeq, name) => toRecordOrNull(await database.first<Row>(BY_NAME, [environmentSeq, name])),
    list: async (environmentSeq, page) => {
      const where = new Conditions().add("environment_seq = $environmentSeq", { environmentSeq });
      if (!page.includeArchived) where.add("archived = 0");
      if (page.featureFlags != null) where.add(VISIBLE, { flags: textArray(page.featureFlags) });
      const isAscending = (page.order !== "descending") !== page.backwards;
      if (page.from !== null) where.add(`name ${isAscending ? ">" : "<"} $from`, { from: page.from });
      const rows = await database.all<Row>(
        `SELECT ${columns} FROM event_type WHERE true${where.sql}
         ORDER BY name ${isAscending ? "ASC" : "DESC"} LIMIT $limit`,
        { ...where.values, limit: page.limit + 1 },
      );
      return pageOf(rows.map(toRecord), page);
    },
    unknown: async (environmentSeq, names, featureFlags) => {
      const rows = await database.all<{ name: string }>(
        `SELECT name FROM event_type WHERE environment_seq = $environmentSeq AND name = ANY ($names::text[])
           AND archived = 0${featureFlags === null ? "" : ` AND ${VISIBLE}`}`,
        { environmentSeq, names: textArray(names), flags: textArray(featureFlags ?? []) },
      );
      const known = new Set(rows.map(({ name }) => name));
      return names.filter((name) => !known.has(name));
    },
    create: (eventType) =>
      unlessTaken(
        committer.write(async (transaction) => {
          if (await keepEnvironment(transaction, eventType.environmentSeq)) {
            await transaction.run(insert(), toBindings(eventType));
          }
        }),
      ),
    update: (environmentSeq, name, change) =>
      committer.write(async (transaction) => {
        const row = await transaction.first<Row>(`${BY_NAME} FOR UPDATE`, [environmentSeq, name]);
        return row === null ? "gone" : changeOne(transaction, toRecord(row), change);
      }),
    put: (eventType, change) =>
      committer.write(async (transaction) => {
        if (!(await keepEnvironment(transaction, eventType.environmentSeq))) return eventType;
        const created = await transaction.run(`${insert()} ON CONFLICT DO NOTHING`, toBindings(eventType));
        if (created === 1) return eventType;
        const row = await transaction.first<Row>(`${BY_NAME} FOR UPDATE`, [eventType.environmentSeq, eventType.name]);
        // Another instance has just deleted it.
        if (row === null) throw new LostRace();
        return (await changeOne(transaction, toRecord(row), change)).after;
      }),
    expunge: (environmentSeq, name) =>
      committer.write(async (transaction) => {
        await transaction.run("DELETE FROM event_type WHERE environment_seq = $1 AND name = $2", [
          environmentSeq,
          name,
        ]);
      }),
  };
}

import type { Database } from "bun:sqlite";
import { applicationFields } from "../../core/resources/application.ts";
import type { ApplicationExclusion, Configuration } from "../index.ts";
import type { Committer } from "./commit.ts";
import { mappingOf, type Row } from "./mapping.ts";
import { type Bindings, Conditions, directionOf, rangeOf, readRanges } from "./page.ts";
import type { Range } from "./range.ts";
import { isUniqueConflict } from "./rows.ts";

const { columns, insert, assignments, toRecord, toRecordOrNull, toBindings } = mappingOf(
  "application",
  applicationFields,
);

const LISTED = `environment_seq = $environmentSeq AND deleted_at IS NULL AND operational = 0
  AND seq >= $from AND seq < $to`;

const ENDPOINTS = "EXISTS (SELECT 1 FROM endpoint e WHERE e.application_seq = a.seq AND e.deleted_at IS NULL";

function excluding(exclude: ApplicationExclusion | null): Conditions {
  const where = new Conditions();
  if (exclude === null) return where;
  const { withoutEndpoints, allDisabled, allAt } = exclude;
  if (withoutEndpoints) where.add(`${ENDPOINTS})`);
  if (allDisabled) where.add(`(NOT ${ENDPOINTS}) OR ${ENDPOINTS} AND e.disabled = 0))`);
  if (allAt !== null) {
    where.add(`(NOT ${ENDPOINTS}) OR ${ENDPOINTS} AND substr(e.url, 1, length($at)) <> $at))`, { at: allAt });
  }
  return where;
}

/** Applications that are filtered at once, and how often for one page. */
const PIECE_ROWS = 200;
const PIECES_MAX = 25;

/** Splits the list into ranges of `PIECE_ROWS` applications. */
function* pieces(db: Database, environmentSeq: number, within: Range, direction: "ASC" | "DESC"): Generator<Range> {
  const bound = db.query<{ seq: number }, [Bindings]>(
    `SELECT seq FROM application WHERE ${LISTED} ORDER BY seq ${direction} LIMIT 1 OFFSET ${PIECE_ROWS}`,
  );
  for (let { from, to } = within; from < to; ) {
    const at = bound.get({ environmentSeq, from, to })?.seq;
    if (at === undefined) {
      yield { from, to };
      return;
    }
    if (direction === "ASC") {
      yield { from, to: at };
      from = at;
    } else {
      yield { from: at + 1, to };
      to = at + 1;
    }
  }
}

export function applications(db: Database, committer: Committer): Configuration["applications"] {
  const bySeq = db.prepare<Row, [number]>(`SELECT ${columns} FROM application WHERE seq = ? AND deleted_at IS NULL`);
  const inEnvironment = db.prepare<Row, [number, number]>(
    `SELECT ${columns} FROM application WHERE seq = ? AND environment_seq = ? AND deleted_at IS NULL AND operational = 0`,
  );
  const byUid = db.prepare<Row, [string, number]>(
    `SELECT ${columns} FROM application WHERE uid = ? AND environment_seq = ? AND deleted_at IS NULL`,
  );
  const insertOne = db.prepare(insert());
  const replace = db.prepare(`UPDATE application SET ${assignments} WHERE seq = $seq AND deleted_at IS NULL`);
  const remove = db.prepare("UPDATE application SET deleted_at = ?2 WHERE seq = ?1 AND deleted_at IS NULL");
  const removeEndpoints = db.prepare<{ seq: number }, [number, number]>(
    "UPDATE endpoint SET deleted_at = ?2 WHERE application_seq = ?1 AND deleted_at IS NULL RETURNING seq",
  );
  const removePollers = db.prepare("DELETE FROM poller WHERE application_seq = ?");
  const knownBySeq = db.prepare<Row, [number]>(`SELECT ${columns} FROM application WHERE seq = ?`);
  const hidden = db.prepare<Row, []>(`SELECT ${columns} FROM application WHERE operational = 1`);
  const hiddenOf = db.prepare<Row, [number]>(
    `SELECT ${columns} FROM application WHERE environment_seq = ? AND operational = 1`,
  );
  const insertHidden = db.prepare(
    `INSERT INTO application (seq, environment_seq, name, metadata, created_at, updated_at, operational)
     VALUES (?, ?, ?, ?, ?, ?, 1) ON CONFLICT DO NOTHING`,
  );

  const unlessTaken = async (work: () => unknown): Promise<boolean> => {
    try {
      await committer.write(work);
      return true;
    } catch (error) {
      if (isUniqueConflict(error)) return false;
      throw error;
    }
  };

  return {
    find: async (environmentSeq, key) =>
      toRecordOrNull("seq" in key ? inEnvironment.get(key.seq, environmentSeq) : byUid.get(key.uid, environmentSeq)),
    get: async (seq) => toRecordOrNull(bySeq.get(seq)),
    list: async (environmentSeq, page, exclude = null) => {
      const where = excluding(exclude);
      const rows = db.query<Row, [Bindings]>(
        `SELECT ${columns} FROM application a WHERE ${LISTED}${where.sql} ORDER BY seq ${directionOf(page)} LIMIT $limit`,
      );
      const within = rangeOf(page);
      const ranges = exclude === null ? [within] : pieces(db, environmentSeq, within, directionOf(page));
      return readRanges(
        page,
        ranges,
        (range, limit) => rows.all({ ...where.values, ...range, environmentSeq, limit }).map(toRecord),
        PIECES_MAX,
      );
    },
    create: (application) => unlessTaken(() => insertOne.run(toBindings(application))),
    update: async (seq, change) => {
      try {
        return await committer.write(() => {
          const before = toRecordOrNull(bySeq.get(seq));
          if (before === null) return "gone";
          const { environmentSeq, createdAt } = before;
          const after = { ...before, ...change(before), seq, environmentSeq, createdAt };
          replace.run(toBindings(after));
          return { before, after };
        });
      } catch (error) {
        if (isUniqueConflict(error)) return "taken";
        throw error;
      }
    },
    delete: (seq, deletedAt) =>
      committer.write(() => {
        remove.run(seq, deletedAt);
        removePollers.run(seq);
        return removeEndpoints.all(seq, deletedAt).map((endpoint) => endpoint.seq);
      }),
    known: async (seq) => toRecordOrNull(knownBySeq.get(seq)),
    operational: async () => hidden.all().map(toRecord),
    operationalOf: async (environmentSeq) => {
      const row = hiddenOf.get(environmentSeq);
      return row === null ? null : toRecord(row);
    },
    ensureOperational: ({ seq, environmentSeq, name, metadata, createdAt, updatedAt }) =>
      committer.write(() => {
        insertHidden.run(seq, environmentSeq, name, JSON.stringify(metadata), createdAt, updatedAt);
        return toRecord(hiddenOf.get(environmentSeq)!);
      }),
  };
}

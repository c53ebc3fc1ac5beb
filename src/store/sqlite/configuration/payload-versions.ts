import type { Database } from "bun:sqlite";
import type { Configuration, PayloadVersion } from "../../index.ts";
import type { Row } from "../../sql/mapping.ts";
import { payloadVersionMapping } from "../../sql/mappings.ts";
import { orTaken } from "../../sql/rows.ts";
import type { Committer } from "../commit/commit.ts";

const { columns, insert, assignments, toRecord, toBindings } = payloadVersionMapping;

export function payloadVersions(db: Database, committer: Committer): Configuration["payloadVersions"] {
  const all = db.prepare<Row, [number]>(
    `SELECT ${columns} FROM payload_version WHERE environment_seq = ? ORDER BY version DESC, seq DESC`,
  );
  const existing = db.prepare<Row, [number, string]>(
    `SELECT ${columns} FROM payload_version WHERE environment_seq = ? AND version = ? AND deleted_seq IS NULL`,
  );
  const count = db.prepare<{ count: number }, [number]>(
    "SELECT COUNT(*) AS count FROM payload_version WHERE environment_seq = ?",
  );
  const insertOne = db.prepare(insert());
  const replace = db.prepare(`UPDATE payload_version SET ${assignments} WHERE seq = $seq`);
  // A deleted version is needed as long as messages that were accepted before its deletion exist.
  const prune = db.prepare(
    `DELETE FROM payload_version WHERE environment_seq = ?
     AND deleted_seq IS NOT NULL AND deleted_seq < (SELECT IFNULL(MIN(seq), 9e18) FROM message)`,
  );
  const usage = db.prepare<{ count: number }, [number, string]>(
    `SELECT COUNT(*) AS count FROM endpoint e INDEXED BY endpoint_api_version
     JOIN application a ON a.seq = e.application_seq AND a.environment_seq = ?1
     WHERE e.api_version = ?2 AND e.deleted_at IS NULL`,
  );
  return {
    all: async (environmentSeq) => all.all(environmentSeq).map(toRecord),
    create: (fields, nextSeq, versionsMax) =>
      orTaken(
        committer.write(() => {
          prune.run(fields.environmentSeq);
          if (count.get(fields.environmentSeq)!.count >= versionsMax) return "full";
          const version: PayloadVersion = { ...fields, seq: nextSeq() };
          insertOne.run(toBindings(version));
          return version;
        }),
      ),
    update: (environmentSeq, version, change) =>
      committer.write(() => {
        const row = existing.get(environmentSeq, version);
        if (row === null) return null;
        const before = toRecord(row);
        const after: PayloadVersion = { ...before, ...change(before), seq: before.seq, environmentSeq, version };
        replace.run(toBindings(after));
        return after;
      }),
    usage: async (environmentSeq, version) => usage.get(environmentSeq, version)!.count,
    delete: (environmentSeq, version, nextSeq) =>
      committer.write(() => {
        const row = existing.get(environmentSeq, version);
        if (row === null) return "gone";
        if (usage.get(environmentSeq, version)!.count > 0) return "in use";
        replace.run(toBindings({ ...toRecord(row), deletedSeq: nextSeq() }));
        return "deleted";
      }),
  };
}

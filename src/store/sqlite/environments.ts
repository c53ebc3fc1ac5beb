import type { Database } from "bun:sqlite";
import type { Environment, Store } from "../index.ts";
import type { Committer } from "./commit.ts";

const COLUMNS = "seq, name, created_at AS createdAt";

export function environments(db: Database, committer: Committer): Store["environments"] {
  const all = db.prepare<Environment, []>(`SELECT ${COLUMNS} FROM environment ORDER BY name`);
  const bySeq = db.prepare<Environment, [number]>(`SELECT ${COLUMNS} FROM environment WHERE seq = ?`);
  const byName = db.prepare<Environment, [string]>(`SELECT ${COLUMNS} FROM environment WHERE name = ?`);
  const insert = db.prepare(
    "INSERT INTO environment (seq, name, created_at) VALUES (?, ?, ?) ON CONFLICT (name) DO NOTHING",
  );
  return {
    list: async () => all.all(),
    get: async (seq) => bySeq.get(seq),
    named: async (name) => byName.get(name),
    ensure: (environment) =>
      committer.write(() => {
        insert.run(environment.seq, environment.name, environment.createdAt);
        return byName.get(environment.name)!;
      }),
  };
}

import type { History } from "../../index.ts";
import type { Committer } from "../commit/commit.ts";
import type { Database } from "../connection/database.ts";

export function payloadLinks(database: Database, committer: Committer): History["payloadLinks"] {
  return {
    isUsed: async (linkSeq) =>
      (await database.first("SELECT 1 FROM payload_link_use WHERE link_seq = $1", [linkSeq])) !== null,
    use: (linkSeq) =>
      committer.write(
        async (transaction) =>
          (await transaction.run("INSERT INTO payload_link_use (link_seq) VALUES ($1) ON CONFLICT DO NOTHING", [
            linkSeq,
          ])) === 1,
      ),
  };
}

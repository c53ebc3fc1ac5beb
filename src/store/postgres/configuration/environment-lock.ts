import type { Seq } from "../../../core/id.ts";
import type { Transaction } from "../commit/commit.ts";

/**
 * Returns whether an environment exists, and keeps it until the commit. Whoever creates something in an
 * environment calls this first, because another instance may be deleting it. What would be created
 * is then created as deleted, or not at all, as if the request had come just before the deletion.
 *
 * `counts` also makes others wait who call this with `counts`, so that they count what this creates.
 */
export async function keepEnvironment(transaction: Transaction, seq: Seq, { counts = false } = {}): Promise<boolean> {
  const lock = counts ? "FOR NO KEY UPDATE" : "FOR KEY SHARE";
  return (await transaction.first(`SELECT 1 FROM environment WHERE seq = $1 ${lock}`, [seq])) !== null;
}

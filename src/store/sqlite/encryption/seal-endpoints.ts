import type { Database } from "bun:sqlite";
import { maskPassword } from "../../../core/url-password.ts";
import { sealedOf } from "../../sql/endpoint-row.ts";
import { parsed } from "../../sql/rows.ts";
import type { SecretBox } from "../../sql/secret-box.ts";
import { isDiskError } from "../data-dir/disk-error.ts";

const DONE = "endpoints-sealed";
/**
 * Maximum size of a database that is rewritten after the encryption, in bytes. Rewriting takes
 * about 10 s per GiB and twice the disk space.
 */
const REWRITE_BYTES_MAX = 1024 ** 3;

/**
 * Encrypts the headers and URL passwords that earlier versions stored in clear text, and masks the
 * passwords in the URLs of attempts. Runs once per data directory, after the encryption key has
 * been checked.
 */
export function sealEndpoints(db: Database, box: SecretBox): void {
  if (db.query("SELECT 1 FROM meta WHERE name = ?").get(DONE) !== null) return;
  const changed = db
    .transaction(() => {
      const count = sealRows(db, box) + maskAttempts(db);
      db.run("INSERT INTO meta (name, value) VALUES (?, '1')", [DONE]);
      return count;
    })
    .immediate();
  if (changed > 0) removeCopies(db);
}

/**
 * Removes the copies of clear text that SQLite leaves in unused parts of its pages and in the
 * write-ahead log. The data is already encrypted, so a failure, for example because the disk is
 * full, is ignored.
 */
function removeCopies(db: Database): void {
  const { bytes } = db
    .query("SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size")
    .get() as { bytes: number };
  try {
    if (bytes <= REWRITE_BYTES_MAX) db.run("VACUUM");
    db.run("PRAGMA wal_checkpoint(TRUNCATE)");
  } catch (error) {
    if (!isDiskError(error)) throw error;
  }
}

function sealRows(db: Database, box: SecretBox): number {
  const rows = db
    .query<{ seq: number; url: string; headers: string }, []>(
      "SELECT seq, url, headers FROM endpoint WHERE sealed IS NULL AND (headers <> '{}' OR instr(url, '@') > 0)",
    )
    .all();
  const seal = db.prepare("UPDATE endpoint SET url = ?2, headers = '{}', sealed = ?3 WHERE seq = ?1");
  for (const { seq, url, headers } of rows) {
    seal.run(seq, maskPassword(url), sealedOf(box, { url, headers: parsed(headers) }));
  }
  return rows.length;
}

function maskAttempts(db: Database): number {
  const rows = db
    .query<{ seq: number; url: string }, []>("SELECT seq, url FROM attempt WHERE instr(url, '@') > 0")
    .all();
  const mask = db.prepare("UPDATE attempt SET url = ?2 WHERE seq = ?1");
  let count = 0;
  for (const { seq, url } of rows) {
    const masked = maskPassword(url);
    if (masked !== url) count += mask.run(seq, masked).changes;
  }
  return count;
}

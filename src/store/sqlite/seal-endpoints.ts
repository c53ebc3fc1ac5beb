import type { Database } from "bun:sqlite";
import { maskPassword } from "../../core/url-password.ts";
import { sealedOf } from "./endpoint-row.ts";
import { parsed } from "./rows.ts";
import type { SecretBox } from "./secret-box.ts";

const DONE = "endpoints-sealed";

/**
 * Encrypts the headers and URL passwords that earlier versions stored in clear text, and masks the
 * passwords in the URLs of attempts. Runs once per data directory, after the encryption key has
 * been checked.
 */
export function sealEndpoints(db: Database, box: SecretBox): void {
  if (db.query("SELECT 1 FROM meta WHERE name = ?").get(DONE) !== null) return;
  // With this, SQLite overwrites the clear text in the file with zeros.
  db.run("PRAGMA secure_delete = ON");
  const changed = db
    .transaction(() => {
      const count = sealRows(db, box) + maskAttempts(db);
      db.run("INSERT INTO meta (name, value) VALUES (?, '1')", [DONE]);
      return count;
    })
    .immediate();
  db.run("PRAGMA secure_delete = OFF");
  // The write-ahead log may still contain the clear text.
  if (changed > 0) db.run("PRAGMA wal_checkpoint(TRUNCATE)");
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

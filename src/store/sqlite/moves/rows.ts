import type { IdPrefix } from "../../../core/id.ts";
import type { Cell, Ids, Row } from "../../index.ts";
import type { SecretBox } from "../../sql/secret-box.ts";

/** A row as SQLite returns it. */
export type StoredRow = Record<string, null | number | string | Uint8Array>;

/** The column with values that are encrypted at rest, in every table that has such values. */
const SEALED = "sealed";

/** Converts a row for a page. Opens what is encrypted at rest. */
export function toPage(stored: StoredRow, box: SecretBox): Row {
  const row: Record<string, Cell> = {};
  for (const [column, value] of Object.entries(stored)) {
    if (!(value instanceof Uint8Array)) row[column] = value;
    else if (column === SEALED) row[column] = { secret: box.open(value) };
    else row[column] = { bytes: Buffer.from(value).toString("base64") };
  }
  return row;
}

/** Converts a row of a page for its table. Encrypts secrets with the key of this installation. */
export function fromPage(row: Row, box: SecretBox): StoredRow {
  const stored: StoredRow = {};
  for (const [column, cell] of Object.entries(row)) {
    if (cell === null || typeof cell !== "object") stored[column] = cell;
    else stored[column] = "secret" in cell ? box.seal(cell.secret) : Buffer.from(cell.bytes, "base64");
  }
  return stored;
}

/** Returns the id of a row at the origin. */
export function idIn(ids: Ids, prefix: IdPrefix, seq: Row[string] | undefined): string {
  const id = ids[`${prefix}${String(seq)}`];
  if (id === undefined) throw new Error(`Internal error: the page has no id for ${prefix}${String(seq)}.`);
  return id;
}

/**
 * Names of tables and columns as they are written in SQL: `outbox`, `public.outbox`,
 * `"Order Events"`. Letters outside of quotes become lower case.
 */

const NAME = /"(?:[^"\0]|"")+"|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y;

/** What the relay reads or writes in a row, by the names in `--columns`. */
export const ROLES = ["id", "app", "event_type", "payload", "created_at", "sent_at", "error"] as const;
export type Role = (typeof ROLES)[number];

/** The column of each role. There may be none for errors. */
export type Columns = Readonly<Record<Exclude<Role, "error">, string>> & { readonly error: string | null };

/** Parses the name of a table, with or without its schema. Returns null for any other text. */
export function parseTable(text: string): string[] | null {
  const names: string[] = [];
  for (let at = 0; ; at++) {
    const name = nameAt(text, at);
    if (name === null || names.push(name.name) > 2) return null;
    at = name.end;
    if (at === text.length) return names;
    if (text[at] !== ".") return null;
  }
}

/** Parses `id=event_id,payload="Body"`. Other roles keep their names. Returns null for any other text. */
export function parseColumns(text: string): Columns | null {
  const columns: Record<Role, string | null> = {
    ...{ id: "id", app: "app", event_type: "event_type", payload: "payload" },
    ...{ created_at: "created_at", sent_at: "sent_at", error: null },
  };
  if (text === "") return columns as Columns;
  const given = new Set<Role>();
  for (let at = 0; ; at++) {
    const role = ROLES.find((one) => text.startsWith(`${one}=`, at));
    const name = role === undefined ? null : nameAt(text, at + role.length + 1);
    if (role === undefined || name === null || given.has(role)) return null;
    given.add(role);
    columns[role] = name.name;
    at = name.end;
    if (at === text.length) return columns as Columns;
    if (text[at] !== ",") return null;
  }
}

/** Returns a name as SQL. */
export function quotedName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function nameAt(text: string, from: number): { readonly name: string; readonly end: number } | null {
  NAME.lastIndex = from;
  const [found] = NAME.exec(text) ?? [];
  if (found === undefined) return null;
  const name = found.startsWith('"') ? found.slice(1, -1).replaceAll('""', '"') : found.toLowerCase();
  return { name, end: from + found.length };
}

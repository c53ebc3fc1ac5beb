import type { Database } from "bun:sqlite";
import type { ApplicationName, ApplicationSearch, PageRequest } from "../index.ts";
import { type Bindings, directionOf } from "../sql/page.ts";
import type { Steps } from "./steps.ts";

type Name = Omit<ApplicationName, "sourceSeq">;

/** Number of applications whose names one step compares. */
const STEP_ROWS = 1000;

/**
 * Returns whether an application has the number of the search, or its text in the name or uid.
 * Ignores case. SQLite ignores the case of ASCII letters only, so TypeScript compares the names.
 */
function matcherOf({ text, seq }: ApplicationSearch): (row: Name) => boolean {
  const wanted = text.toLowerCase();
  return (row) =>
    row.seq === seq || row.name.toLowerCase().includes(wanted) || (row.uid?.toLowerCase().includes(wanted) ?? false);
}

/**
 * Returns the steps that search the applications for which `listed` holds. `rowOf` reads an
 * application that was found, and returns null if it is excluded for another reason.
 */
export function applicationSearch<Row>(
  db: Database,
  { listed, environmentSeq, search, page }: Listed,
  rowOf: (seq: number) => Row | null,
): Steps<Row> {
  const direction = directionOf(page);
  const matches = matcherOf(search);
  const names = db.query<Name, [Bindings]>(
    `SELECT seq, name, uid FROM application a WHERE ${listed} ORDER BY seq ${direction} LIMIT ${STEP_ROWS}`,
  );
  const last = db.query<{ seq: number }, [Bindings]>(
    `SELECT seq FROM application a WHERE ${listed} ORDER BY seq ${direction} LIMIT 1 OFFSET ${STEP_ROWS - 1}`,
  );
  return {
    lastOf: (range) => last.get({ environmentSeq, ...range })?.seq,
    read(range, limit) {
      const rows: Row[] = [];
      for (const name of names.all({ environmentSeq, ...range })) {
        if (rows.length === limit) break;
        const row = matches(name) ? rowOf(name.seq) : null;
        if (row !== null) rows.push(row);
      }
      return { rows };
    },
  };
}

interface Listed {
  readonly listed: string;
  readonly environmentSeq: number;
  readonly search: ApplicationSearch;
  readonly page: PageRequest;
}

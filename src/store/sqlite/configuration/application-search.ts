import type { Database } from "bun:sqlite";
import type { ApplicationSearch, PageRequest } from "../../index.ts";
import { applicationMatcher, type ComparedName } from "../../sql/application-list.ts";
import { type Bindings, directionOf } from "../../sql/page.ts";
import type { Steps } from "../../sql/steps.ts";

/** Number of applications whose names one step compares. */
const STEP_ROWS = 1000;

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
  const matches = applicationMatcher(search);
  const names = db.query<ComparedName, [Bindings]>(
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

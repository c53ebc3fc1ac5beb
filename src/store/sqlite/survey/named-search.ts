import type { Database } from "bun:sqlite";
import { namedSearch as namedSearchWith, type ReadNamed } from "../../sql/named-search.ts";
import type { Bindings } from "../../sql/page.ts";
import type { Survey } from "../../survey.ts";
import type { Turns } from "../../turns.ts";

export function namedSearch(db: Database, turns: Turns): Survey["named"] {
  const read: ReadNamed = async <Row>(sql: string, bindings: Bindings, isFirst: boolean) => {
    if (!isFirst) await turns.next();
    return db.query<Row, [Bindings]>(sql).all(bindings);
  };
  return namedSearchWith(read);
}

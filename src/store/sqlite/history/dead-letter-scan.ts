import type { Database, Statement } from "bun:sqlite";
import type { Seq } from "../../../core/id.ts";
import type { DeadLetterFilter } from "../../index.ts";
import type { Bindings } from "../../sql/page.ts";

/**
 * Maximum number of dead letters that one step reads, whether or not they match a filter. A step
 * takes a few ms.
 */
const SCANNED_AT_ONCE = 1000;

/**
 * Reads dead letters in steps of bounded length. Without steps, a query whose filter matches few of
 * many dead letters would read all of them in one turn of the event loop.
 */
export class DeadLetterScan {
  /** The first step reads the dead letters after this one. */
  readonly start: Seq;
  /**
   * The FROM clause of one step, to which conditions can be added. CROSS JOIN fixes the order of
   * the tables; otherwise SQLite could start with the applications and sort all their dead letters.
   */
  readonly from: string;
  readonly #bindings: Bindings = {};
  readonly #end: Statement<{ count: number; end: Seq }, [Bindings]>;

  constructor(db: Database, filter: DeadLetterFilter, direction: "ASC" | "DESC") {
    this.start = direction === "ASC" ? 0 : Number.MAX_SAFE_INTEGER;
    const step = (columns: string) => `SELECT ${columns} FROM delivery
      WHERE state = 2 AND seq ${direction === "ASC" ? ">" : "<"} $scanned${this.#conditions(filter)}
      ORDER BY seq ${direction} LIMIT ${SCANNED_AT_ONCE}`;
    this.from = `FROM (${step("*")}) d
      CROSS JOIN endpoint e ON e.seq = d.endpoint_seq
      CROSS JOIN application a ON a.seq = e.application_seq
      CROSS JOIN message m ON m.seq = d.message_seq
      WHERE 1`;
    const last = direction === "ASC" ? "MAX" : "MIN";
    this.#end = db.query(`SELECT COUNT(*) AS count, ${last}(seq) AS end FROM (${step("seq")})`);
  }

  /** Returns the bindings of `from` for the step that starts after `scanned`. */
  bindings(scanned: Seq): Bindings {
    return { ...this.#bindings, scanned };
  }

  /** Returns the end of the step that starts after `scanned`, or null if it is the last step. */
  endOf(scanned: Seq): Seq | null {
    const { count, end } = this.#end.get(this.bindings(scanned))!;
    return count < SCANNED_AT_ONCE ? null : end;
  }

  /** Returns the conditions for which an index exists. */
  #conditions({ endpointSeq, deliverySeqs }: DeadLetterFilter): string {
    let sql = "";
    if (endpointSeq !== undefined) {
      this.#bindings.scannedEndpoint = endpointSeq;
      sql += " AND endpoint_seq = $scannedEndpoint";
    }
    if (deliverySeqs === undefined) return sql;
    const names = deliverySeqs.map((seq, i) => {
      this.#bindings[`id${i}`] = seq;
      return `$id${i}`;
    });
    return `${sql} AND seq IN (${names.join(", ")})`;
  }
}

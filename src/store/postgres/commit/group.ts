import type { Seq } from "../../../core/id.ts";
import { Group } from "../../sql/groups.ts";
import type { Transaction, Write } from "./write.ts";

/** The writes of one `Store.together`, which run in turn. */
export class WriteGroup extends Group<Write> implements Write {
  get firstSeq(): Seq {
    return Math.min(...this.writes.map(({ firstSeq = Number.POSITIVE_INFINITY }) => firstSeq));
  }

  async run(transaction: Transaction): Promise<unknown[]> {
    const results: unknown[] = [];
    for (const write of this.writes) {
      this.failed = write;
      results.push(await write.run(transaction));
    }
    return results;
  }
}

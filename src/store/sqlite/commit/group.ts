import { Group } from "../../sql/groups.ts";
import type { Write } from "./write.ts";

/** The writes of one `Store.together`, which run in turn. */
export class WriteGroup extends Group<Write> implements Write {
  readonly work = (): unknown[] =>
    this.writes.map((write) => {
      this.failed = write;
      return write.work();
    });
}

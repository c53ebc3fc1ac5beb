import type { Database } from "bun:sqlite";
import type { Signal } from "../../core/signal.ts";
import type { Feed } from "../feed.ts";

/**
 * The signals to send after another connection has committed. SQLite does not report which rows
 * changed. Only the token commands use the data directory at the same time as the server, and they
 * change tokens and environments.
 */
const CHANGED_BY_COMMANDS: readonly Signal[] = [
  { type: "tokens.changed", environmentSeq: null },
  { type: "environment.changed", environmentSeq: null },
];

export function feed(db: Database): Feed {
  const version = db.prepare<{ data_version: number }, []>("PRAGMA data_version");
  let known = version.get()!.data_version;
  let listener: (signal: Signal) => void = () => {};
  return {
    subscribe(to) {
      listener = to;
    },
    poll() {
      const { data_version } = version.get()!;
      if (data_version === known) return;
      known = data_version;
      for (const signal of CHANGED_BY_COMMANDS) listener(signal);
    },
    // Every other process finds the change itself.
    publish() {},
    announced: () => null,
    catchUp: () => null,
    isShared: () => false,
  };
}

import type { ReceivedOutcome } from "../core/received.ts";
import type { SourceEntry } from "../door/source-directory.ts";
import type { CommandContext } from "./context.ts";

/** The parts that receiving uses. */
export type ReceiveParts = Pick<CommandContext, "store" | "ids" | "clock" | "facts" | "signals" | "directory"> &
  Pick<CommandContext, "accepter" | "sourceCounter" | "ingestPace" | "refusalLog" | "keys">;

/** Counts a request and publishes what happened to it. */
export function count({ sourceCounter, facts, ids }: ReceiveParts, entry: SourceEntry, outcome: ReceivedOutcome): void {
  const { seq: sourceSeq, environmentSeq } = entry.source;
  sourceCounter.add(sourceSeq, outcome);
  facts.state({ type: "source.received", sourceSeq, environmentSeq, source: nameOf(entry, ids), outcome });
}

const names = new WeakMap<SourceEntry, string>();

/** Returns the uid of a source, or its id if it has none. */
export function nameOf(entry: SourceEntry, ids: CommandContext["ids"]): string {
  if (entry.source.uid !== null) return entry.source.uid;
  let name = names.get(entry);
  if (name === undefined) {
    name = ids.encode("src_", entry.source.seq);
    names.set(entry, name);
  }
  return name;
}

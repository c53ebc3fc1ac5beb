import type { Facts } from "../core/facts.ts";
import type { IdCodec } from "../core/id.ts";
import type { ReceivedOutcome } from "../core/received.ts";
import type { SourceCounter } from "./source-counter.ts";
import type { SourceEntry } from "./source-directory.ts";

export interface CountParts {
  readonly sourceCounter: SourceCounter;
  readonly facts: Facts;
  readonly ids: IdCodec;
}

/** Counts a request or a message of a source, and publishes what happened to it. */
export function count({ sourceCounter, facts, ids }: CountParts, entry: SourceEntry, outcome: ReceivedOutcome): void {
  const { seq: sourceSeq, environmentSeq } = entry.source;
  sourceCounter.add(sourceSeq, outcome);
  facts.state({ type: "source.received", sourceSeq, environmentSeq, source: nameOf(entry, ids), outcome });
}

const names = new WeakMap<SourceEntry, string>();

/** Returns the uid of a source, or its id if it has none. */
export function nameOf(entry: SourceEntry, ids: IdCodec): string {
  if (entry.source.uid !== null) return entry.source.uid;
  let name = names.get(entry);
  if (name === undefined) {
    name = ids.encode("src_", entry.source.seq);
    names.set(entry, name);
  }
  return name;
}

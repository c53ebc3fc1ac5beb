import type { Database } from "bun:sqlite";
import { seqAt } from "../../../core/id.ts";
import type { Endpoint } from "../../index.ts";

/** Returns a function that sorts a lane again after its endpoint's ordering has changed. */
export function laneSorter(db: Database): (before: Endpoint, after: Endpoint) => void {
  // A scheduled message that has not been attempted keeps its position, because at the head of the
  // lane it would hold up the other deliveries.
  const orderByAcceptance = db.prepare(
    `UPDATE delivery SET position = seq
     WHERE endpoint_seq = ?1 AND state = 0 AND (attempts_total > 0 OR trigger = 1 OR due_at <= ?2)`,
  );
  const orderByDue = db.prepare(
    "UPDATE delivery SET position = MAX(position, ?3 + (due_at - ?2) * 4096) WHERE endpoint_seq = ?1 AND state = 0 AND due_at > ?2",
  );
  return (before, { seq, ordering, updatedAt }) => {
    if (before.ordering === ordering) return;
    if (ordering === "fifo") orderByAcceptance.run(seq, updatedAt);
    else orderByDue.run(seq, updatedAt, seqAt(updatedAt));
  };
}

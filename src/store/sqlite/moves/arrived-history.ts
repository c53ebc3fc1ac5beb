import type { MoveDestination } from "../../index.ts";
import type { ArrivalReader, DestinationParts } from "./destination-parts.ts";
import { idIn } from "./rows.ts";
import type { Writers } from "./sends.ts";

/**
 * Stores messages with their deliveries and attempts. Skips what is stored already, because it may
 * have changed here since the application arrived.
 */
export function arrivedHistory(
  { db, committer, kept, endpointAttempts }: DestinationParts,
  { rows, putSends }: Writers,
  arrivalOf: ArrivalReader,
): MoveDestination["storeHistory"] {
  const advance = db.prepare("UPDATE arrival SET history_to = ?2 WHERE application_seq = ?1");
  const isStored = db.prepare<unknown, [number, number]>("SELECT 1 FROM message WHERE seq = ? AND application_seq = ?");

  return (applicationSeq, { after, last, ids, messages, deliveries, attempts, sends }) =>
    committer.write(
      () => {
        if (arrivalOf(applicationSeq)?.historyTo !== after) return;
        for (const row of messages) {
          const known = kept.seqOf(idIn(ids, "msg_", row.seq));
          if (known === null || isStored.get(known, applicationSeq) === null) rows.putMessage(applicationSeq, row, ids);
        }
        const deliverySeqs = new Map<unknown, { seq: number; messageSeq: number; endpointSeq: number }>();
        for (const row of deliveries) {
          const messageSeq = kept.seqOf(idIn(ids, "msg_", row.message_seq))!;
          const endpointSeq = kept.seqOf(idIn(ids, "ep_", row.endpoint_seq))!;
          const seq = rows.hasDelivery(messageSeq, endpointSeq) ?? rows.putDelivery(row, ids, 0);
          deliverySeqs.set(row.seq, { seq, messageSeq, endpointSeq });
        }
        for (const row of attempts) {
          const delivery = deliverySeqs.get(row.delivery_seq);
          if (delivery === undefined) continue;
          const seq = rows.freeIn("attempt", row.seq as number);
          rows.put("attempt", {
            ...row,
            seq,
            found_by_delivery: null,
            delivery_seq: delivery.seq,
            message_seq: delivery.messageSeq,
            endpoint_seq: delivery.endpointSeq,
            batch_seq:
              row.batch_seq == null ? null : (kept.seqOf(ids[`batch_${row.batch_seq}`] ?? "") ?? row.batch_seq),
          });
          endpointAttempts.add(delivery.endpointSeq, seq);
        }
        putSends(sends, ids);
        advance.run(applicationSeq, last);
      },
      messages.length + deliveries.length + attempts.length,
    );
}

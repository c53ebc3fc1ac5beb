import type { Database } from "bun:sqlite";
import { DELIVERY_COLUMNS, type DeliveryRow, toDelivery } from "../../sql/delivery-row.ts";
import type { Survey } from "../../survey.ts";
import { isOfMessageTo } from "../indexes/message-deliveries.ts";

export function recipients(db: Database): Survey["recipients"] {
  const ofBoth = db.prepare<DeliveryRow, [number, number]>(
    `SELECT ${DELIVERY_COLUMNS} FROM delivery WHERE ${isOfMessageTo("?1", "?2")}`,
  );
  return async (_, messageSeq, endpointSeqs) =>
    endpointSeqs.map((endpointSeq) => {
      const newest = ofBoth.all(messageSeq, endpointSeq).sort((a, b) => b.seq - a.seq)[0];
      return newest === undefined ? null : toDelivery(newest);
    });
}

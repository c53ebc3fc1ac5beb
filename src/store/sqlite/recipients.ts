import type { Database } from "bun:sqlite";
import { DELIVERY_COLUMNS, type DeliveryRow, toDelivery } from "../sql/delivery-row.ts";
import type { Survey } from "../survey.ts";

export function recipients(db: Database): Survey["recipients"] {
  const newest = db.prepare<DeliveryRow, [number, number]>(
    `SELECT ${DELIVERY_COLUMNS} FROM delivery WHERE message_seq = ? AND endpoint_seq = ? ORDER BY seq DESC LIMIT 1`,
  );
  return async (_, messageSeq, endpointSeqs) =>
    endpointSeqs.map((endpointSeq) => {
      const row = newest.get(messageSeq, endpointSeq);
      return row === null ? null : toDelivery(row);
    });
}

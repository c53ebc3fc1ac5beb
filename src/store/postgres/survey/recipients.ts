import { DELIVERY_COLUMNS, type DeliveryRow, toDelivery } from "../../sql/delivery-row.ts";
import type { Survey } from "../../survey.ts";
import type { Queries } from "../connection/database.ts";
import { numberArray } from "../connection/parameters.ts";
import { deliveriesWhere } from "../history/messages.ts";

export function recipients(queries: Queries): Survey["recipients"] {
  const OF_MESSAGE = deliveriesWhere("message_seq = $1 AND endpoint_seq = ANY ($2::bigint[])");
  return async (_, messageSeq, endpointSeqs) => {
    const rows = await queries.all<DeliveryRow>(`SELECT ${DELIVERY_COLUMNS} FROM ${OF_MESSAGE} AS delivery`, [
      messageSeq,
      numberArray(endpointSeqs),
    ]);
    const byEndpoint = new Map(rows.map((row) => [row.endpointSeq, toDelivery(row)]));
    return endpointSeqs.map((seq) => byEndpoint.get(seq) ?? null);
  };
}

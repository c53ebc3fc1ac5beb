import type { DeliveryAttempts } from "../../sql/delivery-attempts.ts";

const OF_DELIVERY = "FROM attempt t WHERE t.message_seq = m.seq AND t.delivery_seq = d.seq";

export const DELIVERY_ATTEMPTS: DeliveryAttempts = {
  hasSucceeded: `EXISTS (SELECT 1 ${OF_DELIVERY} AND t.reason IS NULL)`,
  latestStatus: `(SELECT t.response_status ${OF_DELIVERY} ORDER BY t.seq DESC LIMIT 1)`,
};

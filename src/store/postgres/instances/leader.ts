import type { Housekeeping } from "../../index.ts";
import type { Queries } from "../connection/database.ts";
import type { Instance } from "./instance.ts";
import { hasLiveOwner } from "./instance-row.ts";

/** Makes the instance `$1` with the fence `$2` the leader unless a live one is. Returns whether it is the leader. */
const LEAD = `WITH elected AS (UPDATE leader l SET slot = self.slot, fence = self.fence
    FROM (VALUES ($1::integer, $2::bigint)) AS self(slot, fence)
    WHERE NOT ${hasLiveOwner("l")} AND ${hasLiveOwner("self")} RETURNING l.slot)
  SELECT EXISTS (SELECT FROM elected) OR EXISTS (SELECT FROM leader WHERE slot = $1 AND fence = $2) AS leads`;

export function leadsVerb(queries: Queries, instance: Instance): Housekeeping["leads"] {
  return async () => {
    const row = await queries.first<{ leads: boolean }>(LEAD, [instance.slot, instance.fence]);
    return row!.leads;
  };
}

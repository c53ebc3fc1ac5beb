import type { Housekeeping } from "../../index.ts";
import type { Database } from "../connection/database.ts";
import type { Instance } from "./instance.ts";

/** Holds for an instance `i` whose lease has not ended. */
const IS_LIVE = "i.held AND i.expires_at > clock_timestamp()";

/** Makes the instance `$1` with the fence `$2` the leader unless a live one is. Returns whether it is the leader. */
const LEAD = `WITH elected AS (UPDATE leader l SET slot = $1, fence = $2
    WHERE NOT EXISTS (SELECT 1 FROM instance i WHERE i.slot = l.slot AND i.fence = l.fence AND ${IS_LIVE})
      AND EXISTS (SELECT 1 FROM instance i WHERE i.slot = $1 AND i.fence = $2 AND ${IS_LIVE}) RETURNING l.slot)
  SELECT EXISTS (SELECT FROM elected) OR EXISTS (SELECT FROM leader WHERE slot = $1 AND fence = $2) AS leads`;

export function leadsVerb(database: Database, instance: Instance): Housekeeping["leads"] {
  return async () => {
    const row = await database.first<{ leads: boolean }>(LEAD, [instance.slot, instance.fence]);
    return row!.leads;
  };
}

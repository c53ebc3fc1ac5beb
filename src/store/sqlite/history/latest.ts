import type { Database } from "bun:sqlite";
import type { Seq } from "../../../core/id.ts";
import type { DeliveryState, History, LatestMessage } from "../../index.ts";
import { STATE, STATE_NAMES } from "../../sql/delivery-row.ts";
import { type MessageRow, messageColumns, toMessage } from "../../sql/message-row.ts";
import type { Turns } from "../../turns.ts";
import { isOfMessage } from "../indexes/message-deliveries.ts";

/** Number of messages that `latest` searches: the newest of all environments. */
const SCANNED_MAX = 5000;
/** Number of messages that `latest` reads in one step. */
const SCANNED_AT_ONCE = 500;
/** Number of deliveries that `latest` counts in one step. */
const COUNTED_AT_ONCE = 2000;

/**
 * Lists the newest messages of an environment with the number of their deliveries in each state.
 */
export function latestVerb(db: Database, turns: Turns): History["messages"]["latest"] {
  const next = db.prepare<{ seq: Seq; wanted: 0 | 1 }, [number, number]>(
    `SELECT m.seq, a.environment_seq = ?2 AND a.operational = 0 AS wanted
     FROM (SELECT seq, application_seq FROM message WHERE seq < ?1 ORDER BY seq DESC LIMIT ${SCANNED_AT_ONCE}) m
     JOIN application a ON a.seq = m.application_seq ORDER BY m.seq DESC`,
  );
  const bySeq = db.prepare<MessageRow & { payloadBytes: number }, [number]>(
    `SELECT ${messageColumns(false)}, COALESCE(LENGTH(m.payload), 0) AS payloadBytes FROM message m WHERE seq = ?`,
  );
  const sums = STATE_NAMES.map((name) => `COALESCE(SUM(state = ${STATE[name]}), 0) AS ${name}`);
  const countsOf = db.prepare<Record<DeliveryState, number>, [number]>(
    `SELECT ${sums.join(", ")} FROM delivery WHERE ${isOfMessage("?1")}`,
  );

  async function newest(environmentSeq: Seq, limit: number): Promise<Seq[]> {
    const found: Seq[] = [];
    let before: Seq | undefined = Number.MAX_SAFE_INTEGER;
    for (let scanned = 0; scanned < SCANNED_MAX && before !== undefined; scanned += SCANNED_AT_ONCE) {
      if (scanned > 0) await turns.next();
      const rows = next.all(before, environmentSeq);
      for (const { seq, wanted } of rows) if (wanted === 1 && found.length < limit) found.push(seq);
      before = found.length < limit ? rows.at(-1)?.seq : undefined;
    }
    return found;
  }

  return async (environmentSeq, limit) => {
    const messages: LatestMessage[] = [];
    let counted = 0;
    for (const seq of await newest(environmentSeq, limit)) {
      const found = bySeq.get(seq);
      // The message may have been deleted since it was found.
      if (found === null) continue;
      const { payloadBytes, ...row } = found;
      // SQLite reads past the payload, which takes about as long as counting a delivery per KiB.
      counted += payloadBytes / 1024;
      const deliveries = countsOf.get(seq)!;
      for (const name of STATE_NAMES) counted += deliveries[name];
      messages.push({ ...toMessage(row), deliveries });
      if (counted < COUNTED_AT_ONCE) continue;
      counted = 0;
      await turns.next();
    }
    return messages;
  };
}

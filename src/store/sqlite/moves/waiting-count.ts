import type { Seq } from "../../../core/id.ts";
import { STATE } from "../../sql/delivery-row.ts";
import type { DestinationParts } from "./destination-parts.ts";

/** Number of deliveries that are counted in one turn of the event loop. */
const COUNTED_AT_ONCE = 20_000;

/** Numbers of deliveries that wait. */
export interface WaitingCount {
  readonly pending: number;
  readonly dead: number;
}

type Parts = Pick<DestinationParts, "db" | "turns">;

/** Returns a function that counts the waiting deliveries of an application, of which there may be very many. */
export function waitingCounter({ db, turns }: Parts): (applicationSeq: Seq) => Promise<WaitingCount> {
  const endpointsOf = db.prepare<{ seq: Seq }, [number]>("SELECT seq FROM endpoint WHERE application_seq = ?");
  const counter = (state: number, column: string) => {
    const after = `FROM delivery WHERE state = ${state} AND endpoint_seq = ?1 AND (${column}, seq) > (?2, ?3)`;
    const lastOfStep = db.prepare<{ place: Seq; seq: Seq }, number[]>(
      `SELECT ${column} AS place, seq ${after} ORDER BY ${column}, seq LIMIT 1 OFFSET ${COUNTED_AT_ONCE - 1}`,
    );
    const rest = db.prepare<{ count: number }, number[]>(`SELECT COUNT(*) AS count ${after}`);
    return async (endpointSeq: Seq, hasCounted: (rows: number) => Promise<void>): Promise<number> => {
      let [count, place, seq] = [0, -1, -1];
      for (;;) {
        const last = lastOfStep.get(endpointSeq, place, seq);
        if (last === null) break;
        count += COUNTED_AT_ONCE;
        ({ place, seq } = last);
        await hasCounted(COUNTED_AT_ONCE);
      }
      const { count: left } = rest.get(endpointSeq, place, seq)!;
      await hasCounted(left + 1);
      return count + left;
    };
  };
  const [countPending, countDead] = [counter(STATE.pending, "position"), counter(STATE.dead, "seq")];
  return async (applicationSeq) => {
    const hasCounted = turns.budget(COUNTED_AT_ONCE);
    let [pending, dead] = [0, 0];
    for (const { seq } of endpointsOf.all(applicationSeq)) {
      pending += await countPending(seq, hasCounted);
      dead += await countDead(seq, hasCounted);
    }
    return { pending, dead };
  };
}

import type { Database } from "bun:sqlite";
import type { Seq } from "../../../core/id.ts";
import type { Ids, MovedSend } from "../../index.ts";
import type { ArrivedRows } from "./arrived-rows.ts";
import type { DestinationParts } from "./destination-parts.ts";
import type { PageReader } from "./page-reader.ts";
import { idIn } from "./rows.ts";

/** What writes the rows of pages. */
export interface Writers {
  readonly rows: ArrivedRows;
  readonly putSends: (sends: readonly MovedSend[], ids: Ids) => void;
}

type SendRow = Omit<MovedSend, "isErased"> & { readonly isErased: 0 | 1 | null };
type SendsReader = (seqs: readonly Seq[]) => MovedSend[];

/** Reads the messages that functions have sent. */
export function sendsReader(db: Database): { readonly ofDeliveries: SendsReader; readonly ofMessages: SendsReader } {
  const some = db.prepare<unknown, []>("SELECT 1 FROM function_send LIMIT 1");
  const reader = (column: string): SendsReader => {
    const sends = db.prepare<SendRow, [string]>(
      `SELECT f.number, f.hops, f.message_seq AS messageSeq, d.message_seq AS causeSeq, d.endpoint_seq AS endpointSeq,
         (SELECT m.payload IS NULL FROM message m WHERE m.seq = f.message_seq) AS isErased
       FROM json_each(?) j CROSS JOIN function_send f ON f.${column} = j.value
       LEFT JOIN delivery d ON d.seq = f.delivery_seq`,
    );
    return (seqs) => {
      if (some.get() === null) return [];
      const rows = sends.all(JSON.stringify(seqs));
      return rows.map((row) => ({ ...row, isErased: row.isErased === null ? null : row.isErased === 1 }));
    };
  };
  return { ofDeliveries: reader("delivery_seq"), ofMessages: reader("message_seq") };
}

/** Returns the ids of the rows to which sends refer. */
export function idsOfSends(read: PageReader, sends: readonly MovedSend[]): Ids {
  const rows = sends.map(({ messageSeq, causeSeq, endpointSeq }) => ({ messageSeq, causeSeq, endpointSeq }));
  return read.ids(["msg_", rows, "messageSeq"], ["msg_", rows, "causeSeq"], ["ep_", rows, "endpointSeq"]);
}

/**
 * Returns a function that stores sends. If the delivery that the function handled is not here, it only stores
 * how many functions had a part in the message, with a number that no delivery has or gets.
 */
export function sendsWriter({ db, kept, numbers }: DestinationParts, rows: ArrivedRows): Writers["putSends"] {
  const insert = db.prepare<unknown, [number, number, number, number]>(
    "INSERT OR REPLACE INTO function_send (delivery_seq, number, message_seq, hops) VALUES (?, ?, ?, ?)",
  );
  const isKnown = db.prepare<unknown, [number]>("SELECT 1 FROM function_send WHERE message_seq = ?");
  const seqOf = (prefix: "msg_" | "ep_", seq: Seq | null, ids: Ids) =>
    seq === null ? null : kept.seqOf(idIn(ids, prefix, seq));
  return (sends, ids) => {
    for (const { messageSeq, causeSeq, endpointSeq, number, hops, isErased } of sends) {
      const [cause, endpoint] = [seqOf("msg_", causeSeq, ids), seqOf("ep_", endpointSeq, ids)];
      const delivery = cause === null || endpoint === null ? null : rows.hasDelivery(cause, endpoint);
      // A message that was deleted at the origin has no number here.
      const seq = isErased === null ? numbers.next() : seqOf("msg_", messageSeq, ids)!;
      if (delivery !== null) insert.run(delivery, number, seq, hops);
      else if (isErased !== null && isKnown.get(seq) === null) {
        insert.run(rows.freeIn("delivery", seq), 0, seq, hops);
      }
    }
  };
}

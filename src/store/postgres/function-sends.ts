import type { Queue } from "../index.ts";
import type { Database } from "./database.ts";

/** Returns how many functions had a part in a message. See `Queue.hopsOf`. */
export function hopsOfVerb(database: Database): Queue["hopsOf"] {
  return async (messageSeq) => {
    const row = await database.first<{ hops: number }>("SELECT hops FROM function_send WHERE message_seq = $1", [
      messageSeq,
    ]);
    return row?.hops ?? 0;
  };
}

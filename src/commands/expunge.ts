import type { Application, Key } from "../store/index.ts";
import type { CommandContext } from "./context.ts";

/**
 * Deletes the payloads of messages for good and cancels their pending deliveries. Says for each key, in order, whether the
 * application has such a message.
 */
export async function expungeMessages(
  { store, signals, facts }: Pick<CommandContext, "store" | "signals" | "facts">,
  { seq, environmentSeq }: Pick<Application, "seq" | "environmentSeq">,
  keys: readonly Key[],
): Promise<readonly boolean[]> {
  const { found, ...expunged } = await store.queue.expunge.messages(seq, keys);
  for (const endpointSeq of expunged.endpoints) signals.send({ type: "lane.changed", endpointSeq });
  facts.state({ type: "messages.expunged", environmentSeq, ...expunged });
  return found;
}

import type { Application, Key } from "../../../store/index.ts";
import type { Context } from "../../http/context.ts";

/** Deletes the payloads of messages and cancels what still waits of them. Says for each key whether there is such a message. */
export async function expungeMessages(
  { store, facts }: Pick<Context, "store" | "facts">,
  { seq, environmentSeq }: Application,
  keys: readonly Key[],
): Promise<readonly boolean[]> {
  const { found, ...expunged } = await store.queue.expunge.messages(seq, keys);
  facts.state({ type: "messages.expunged", environmentSeq, ...expunged });
  return found;
}

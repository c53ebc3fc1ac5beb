import { PURGE, type PurgeData } from "../deliver/tasks/purge.ts";
import type { Application, Attempt, AuditActor, Key, Task } from "../store/index.ts";
import type { CommandContext } from "./context.ts";
import { startTask } from "./tasks.ts";

/**
 * Permanently deletes the payloads of messages and cancels their pending deliveries. Returns, for
 * each key in order, whether the application has such a message.
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

/** Starts a task that deletes the payloads of all existing messages of the application. */
export function expungeApplication(
  parts: Pick<CommandContext, "store" | "seqs" | "clock" | "deliverer">,
  { seq, environmentSeq }: Pick<Application, "seq" | "environmentSeq">,
  startedBy: AuditActor,
): Promise<Task> {
  const data: PurgeData = { applicationSeq: seq, from: 0, messagesPurged: 0 };
  return startTask(parts, { environmentSeq, kind: PURGE, startedBy }, () => ({ ...data }));
}

/** Permanently deletes the stored response of an attempt. */
export async function expungeAttempt(
  { store }: Pick<CommandContext, "store">,
  { seq }: Pick<Attempt, "seq">,
): Promise<void> {
  await store.history.attempts.expunge(seq);
}

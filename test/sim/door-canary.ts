import { hash } from "node:crypto";
import type { Configuration, NewMessage, Queue } from "../../src/store/index.ts";

/** Faults that are planted into what sources store. */
export type DoorCanary = "early-door-response" | "separate-door-key" | "remembered-forgery";

const DAY_MS = 86_400_000;

export function changedAtDoor(canary: DoorCanary, queue: Queue): Partial<Queue> {
  switch (canary) {
    case "early-door-response":
      // The sender gets its response before the commit.
      return {
        accept: async (messages) => {
          if (messages.every(({ received }) => received === null)) return queue.accept(messages);
          queue.accept(messages).catch(() => {});
          return messages.map(() => ({ accepted: true }));
        },
      };
    case "separate-door-key":
      return { accept: (messages) => acceptWithSeparateKeys(queue, messages) };
    case "remembered-forgery":
      return { accept: (messages) => queue.accept(messages.map(withKeyOfForgery)) };
  }
}

/** Looks a duplicate up before the commit of its message, and stores the key in another commit. */
async function acceptWithSeparateKeys(queue: Queue, messages: readonly NewMessage[]) {
  const [message] = messages;
  if (message?.received == null || message.idempotency === null) return queue.accept(messages);
  const { seq, idempotency, acceptedAt } = message;
  const response = await queue.idempotency.get(idempotency.key, acceptedAt);
  if (response !== null) return [{ accepted: false, because: "idempotency", response } as const];
  const results = await queue.accept([{ ...message, idempotency: null }]);
  await queue.idempotency.put(idempotency, { kind: "message", messageSeq: seq }, acceptedAt);
  return results;
}

/** Remembers a request of GitHub that failed its check, so that the genuine one counts as its duplicate. */
function withKeyOfForgery(message: NewMessage): NewMessage {
  const id = message.headers?.["x-github-delivery"];
  if (message.received?.state !== "failed" || id === undefined) return message;
  const key = hash("sha256", `source ${message.received.sourceSeq} id\n${id}`, "buffer");
  return { ...message, idempotency: { key, expiresAt: message.acceptedAt + DAY_MS, bodyHash: null } };
}

/** Stores a captured secret although there is one. */
export function overwriting(update: Configuration["sources"]["update"]): Configuration["sources"]["update"] {
  return (seq, change) =>
    update(seq, (before) => {
      const { secret: _, ...config } = before.config;
      return change(before.provider === "notion" ? { ...before, config } : before);
    });
}

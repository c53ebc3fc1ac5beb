import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import type { Configuration, History, NewMessage, Queue } from "../../src/store/index.ts";
import type { Canary } from "./canary.ts";
import type { Dice } from "./dice.ts";
import { withoutQueues } from "./queue-canary.ts";
import { isDowngrade } from "./versions.ts";

/** Returns the sandbox. With the planted fault `skipped-downgrade`, a payload is sent as it is if its downgrade throws. */
export function sandboxWith(canary: Canary | null, sandbox: Sandbox): Sandbox {
  if (canary !== "skipped-downgrade") return sandbox;
  return {
    run: async (owner, prepare) => {
      const call = prepare();
      const result = await sandbox.run(owner, () => call);
      if (result.kind === "returned" || !isDowngrade(call.code)) return result;
      return { kind: "returned", json: "{}", payload: "unchanged", logs: [] };
    },
    runHosted: (...args) => sandbox.runHosted(...args),
  };
}

/** The engine does not read the payload mode of endpoints. */
export function withFullPayloads(endpoints: Configuration["endpoints"]): Configuration["endpoints"] {
  return {
    ...endpoints,
    get: async (...args) => {
      const endpoint = await endpoints.get(...args);
      return endpoint === null ? null : { ...endpoint, payloadMode: "full" };
    },
  };
}

export function historyWith(canary: Canary | null, { payloadLinks, sourceLog }: History): Partial<History> {
  switch (canary) {
    case "unlogged-poison":
      return { sourceLog: withoutQueues(sourceLog) };
    case "early-link-response":
      // The receiver gets the payload before the commit.
      return {
        payloadLinks: {
          ...payloadLinks,
          use: async (linkSeq) => {
            payloadLinks.use(linkSeq).catch(() => {});
            return true;
          },
        },
      };
    case "used-before-downgrade":
      // A link is used up before its payload has been downgraded.
      return {
        payloadLinks: { isUsed: async (linkSeq) => !(await payloadLinks.use(linkSeq)), use: async () => true },
      };
    default:
      return {};
  }
}

export function functionMessagesChanged(
  canary: "unmarked-function-message" | "lost-function-message",
  queue: Queue,
  dice: Dice,
): Partial<Queue> {
  const isOfFunction = ({ sentBy = null }: NewMessage) => sentBy !== null;
  if (canary === "unmarked-function-message") {
    // The store does not know that a function has sent the message.
    return { accept: (messages) => queue.accept(messages.map((message) => ({ ...message, sentBy: null }))) };
  }
  // One in ten messages of functions is acknowledged but not stored.
  return {
    accept: async (messages) => {
      const isLost = messages.some(isOfFunction) && dice.chance(0.1);
      return isLost ? messages.map(() => ({ accepted: true })) : queue.accept(messages);
    },
  };
}

/** Sends the messages of functions, like the operation that sends messages. */
import type { Static } from "@sinclair/typebox";
import type { CommandContext } from "../../../commands/context.ts";
import { sendMessage } from "../../../commands/send.ts";
import type { FunctionMessage, FunctionSender } from "../../../core/function-message.ts";
import { Invalid, Problem } from "../../../core/problem.ts";
import { StoreUnavailable } from "../../../store/index.ts";
import { checkedBody } from "../../http/checked-body.ts";
import { MessageIn } from "./fields.ts";
import { messageOf } from "./incoming.ts";

/** A chain of messages, each sent by a function that handled the one before, ends after so many. */
export const FUNCTION_HOPS_MAX = 10;

type Parts = Pick<
  CommandContext,
  "store" | "ids" | "seqs" | "clock" | "signals" | "directory" | "payloadRules" | "accepter"
>;

/** Returns the function that sends the messages of functions. `bodyBytesMax` limits each of them. */
export function functionSender(parts: () => Parts, bodyBytesMax: number): FunctionSender {
  return async (message) => {
    try {
      return await send(parts(), message, bodyBytesMax);
    } catch (error) {
      if (error instanceof Invalid) return { problem: error.findings.map(findingText).join(" ") };
      if (error instanceof Problem) return { problem: error.detail };
      if (error instanceof StoreUnavailable) return { problem: "The message could not be stored. Try again later." };
      throw error;
    }
  };
}

async function send(
  parts: Parts,
  { applicationSeq, causeSeq, deliverySeq, index, json }: FunctionMessage,
  bodyBytesMax: number,
): Promise<{ readonly id: string } | { readonly problem: string }> {
  const bytes = Buffer.from(json);
  if (bytes.byteLength > bodyBytesMax)
    return { problem: `The message has more than ${bodyBytesMax} bytes (max-body).` };
  const { value } = checkedBody({}, MessageIn, bytes);
  const message = messageOf(value as Static<typeof MessageIn>, bytes, [0, bytes.length], null, {});
  const hops = (await parts.store.queue.hopsOf(causeSeq)) + 1;
  if (hops > FUNCTION_HOPS_MAX) {
    return { problem: `The chain of messages that functions have sent ends after ${FUNCTION_HOPS_MAX} messages.` };
  }
  const application = await parts.store.configuration.applications.get(applicationSeq);
  if (application === null) return { problem: "The application no longer exists." };
  if (application.sourceSeq !== null) return { problem: "A function at a source cannot send messages." };
  const to = { environmentSeq: application.environmentSeq, application: { seq: applicationSeq } };
  const incoming = { ...message.incoming, sentBy: { deliverySeq, number: index, hops } };
  const result = await sendMessage(parts, to, { ...message, incoming }, null);
  if (result.accepted) return { id: parts.ids.encode("msg_", result.seq) };
  const { response } = result;
  if (response.kind !== "message") throw new Error("Internal error: a message of a function has another response.");
  return { id: parts.ids.encode("msg_", response.messageSeq) };
}

function findingText({ loc, msg }: { readonly loc: readonly string[]; readonly msg: string }): string {
  return `${loc.slice(1).join(".")}: ${msg}`;
}

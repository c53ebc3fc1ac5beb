/** The messages of a batch, which are validated and refused one by one. */
import { Type } from "@sinclair/typebox";
import type { MessageToSend } from "../../../accept/payload-check.ts";
import { arrayItems, type ByteRange, topLevelFields } from "../../../core/json.ts";
import { Invalid, Problem } from "../../../core/problem.ts";
import * as field from "../../http/fields.ts";
import { checker, findingsOf, ruled } from "../../http/schema.ts";
import { type MessageBody, MessageIn } from "./fields.ts";
import { messageOf, type Origin } from "./incoming.ts";

const BATCH_MAX = 1000;

export const BatchIn = field.object("MessageBatchIn", {
  // Items are validated one by one, so that an invalid item does not affect the others.
  messages: Type.Array(
    ruled(Type.Unknown(), () => null, MessageIn),
    { minItems: 1, maxItems: BATCH_MAX },
  ),
});

/** Returns the byte ranges of the items of `messages`; none if a batch may not have as many. */
export function itemRanges(bytes: Uint8Array): ByteRange[] {
  const at = topLevelFields(bytes, ["messages"])?.fields.get("messages");
  return (at === undefined ? null : arrayItems(bytes, at, BATCH_MAX)) ?? [];
}

export function readItem(item: unknown, bytes: Uint8Array, range: ByteRange, origin: Origin): MessageToSend | Invalid {
  if (!checker(MessageIn).Check(item)) return new Invalid(...findingsOf(MessageIn, item, "body"));
  try {
    return messageOf(item as MessageBody, bytes, range, null, origin);
  } catch (error) {
    if (error instanceof Invalid) return error;
    throw error;
  }
}

/** Returns an error as an item of the response. */
export function problemText(error: Problem | Invalid): string {
  return JSON.stringify(itemProblem(error));
}

/** Returns an error of one message. If there are several findings, only the first is used. */
export function itemProblem(error: Problem | Invalid): { readonly code: string; readonly detail: string } {
  if (error instanceof Problem) return { code: error.code, detail: error.detail };
  const { loc, msg } = error.findings[0]!;
  const where = loc.slice(1).join(".");
  const detail = where === "" ? msg : `${where}: ${msg}`;
  return { code: "validation_error", detail: detail.toWellFormed() };
}

import type { Message } from "../../src/api/types.ts";
import { memberText } from "./json.ts";

/**
 * A message with its payload as text, exactly as it was sent. Parsing the payload would round large
 * integers.
 */
export interface MessageText extends Omit<Message, "payload"> {
  readonly payloadText: string;
}

/** Reads the JSON text of a message. */
export function parseMessage(json: string): MessageText {
  const { payload: _, ...message } = JSON.parse(json) as Message;
  // Only a message of a source has one of these fields, if its payload is not JSON.
  const { payloadText = message.payloadBase64 } = message;
  return { ...message, payloadText: payloadText ?? memberText(json, "payload") ?? "" };
}

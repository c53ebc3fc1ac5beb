import type { Message } from "../src/api/types.ts";
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
  return { ...message, payloadText: memberText(json, "payload") ?? "" };
}

import type { MessageContent } from "../store/index.ts";

/** A message whose payload has not been deleted. */
export type SendableContent = MessageContent & { readonly payload: Uint8Array };

/** Returns a message in the form in which it is sent to its endpoint. */
export function shape(content: SendableContent): SendableContent {
  return content;
}

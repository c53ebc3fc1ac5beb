import type { MessageContent } from "../store/index.ts";

/** A message whose payload has not been deleted. */
export type SendableContent = MessageContent & { readonly payload: Uint8Array };

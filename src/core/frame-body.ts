import { utf8OrNull } from "./text.ts";

/** A body in a JSON frame: its exact text, or base64 if it is not UTF-8. Absent if it is not stored. */
export type FrameBody = { readonly body: string } | { readonly bodyBase64: string } | { readonly body?: undefined };

export function frameBody(bytes: Uint8Array): FrameBody {
  const body = utf8OrNull(bytes);
  return body === null ? { bodyBase64: Buffer.from(bytes).toString("base64") } : { body };
}

/** Returns the bytes of a body in a frame, or null if the frame has none. */
export function bytesOfFrame(frame: { readonly body?: unknown; readonly bodyBase64?: unknown }): Uint8Array | null {
  if (typeof frame.body === "string") return Buffer.from(frame.body, "utf8");
  return typeof frame.bodyBase64 === "string" ? Buffer.from(frame.bodyBase64, "base64") : null;
}

import type { Message } from "../../src/api/types.ts";

/** A message without its payload. */
export type MessageHead = Omit<Message, "payload">;

/** The bytes that the sender sent. Parsing them would round large integers. */
export interface Payload {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Null if the sender did not name the content type. */
  readonly contentType: string | null;
}

export async function payloadOf(response: Response): Promise<Payload> {
  return { bytes: new Uint8Array(await response.arrayBuffer()), contentType: response.headers.get("content-type") };
}

import type { OutgoingRequest } from "../../../src/ports.ts";

/** Signal of a caller that never aborts. */
export const patient = new AbortController().signal;

/** A request to this URL. Its host is a literal IP unless another `address` is given. */
export function requestTo(url: string, fields: Partial<OutgoingRequest> = {}): OutgoingRequest {
  const parsed = new URL(url);
  return {
    url: parsed,
    addresses: [parsed.hostname],
    headers: [],
    body: Buffer.from("{}"),
    timeoutMs: 15_000,
    responseBytesMax: 1024,
    ...fields,
  };
}

export function responseWith(status: number, body: string, note: string | null = null) {
  return { kind: "response", status, retryAfter: null, body: Buffer.from(body), note } as const;
}

import type { Answer, OutgoingRequest, Shortage } from "../../../src/ports.ts";

/** A signal that is never aborted. */
export const patient = new AbortController().signal;

/**
 * Returns a request to this URL. The host of the URL is a literal IP address unless another
 * `address` is given.
 */
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

/** Returns an answer without the headers of the exchange, which tests of their own state. */
export function bare(answer: Answer | Shortage): Omit<Answer, "headers"> | Shortage {
  if (answer.kind === "shortage") return answer;
  const { headers: _, ...rest } = answer;
  return rest;
}

import type { Answer, ProtocolClient, RemoteRequest, Shortage } from "../../../src/ports.ts";

const neverAborted = new AbortController().signal;

/** Sends one message to a broker. Its host is an IP address unless `more` has addresses. */
export function sendTo<M extends object>(
  client: ProtocolClient<RemoteRequest & { readonly message: M }>,
  url: string,
  message: M,
  more: Partial<RemoteRequest> = {},
  signal: AbortSignal = neverAborted,
): Promise<Answer | Shortage> {
  const parsed = new URL(url);
  const usual = { url: parsed, addresses: [parsed.hostname], tls: null, timeoutMs: 10_000, responseBytesMax: 1024 };
  return client.send({ ...usual, ...more, message }, signal);
}

/** Returns the status and the text of an answer, or the whole answer if the broker did not respond. */
export function shown(answer: Answer | Shortage): readonly unknown[] {
  return answer.kind === "response" ? [answer.status, bodyText(answer)] : [answer];
}

/** Returns the text of an answer. Empty if the broker did not respond. */
export function bodyText(answer: Answer | Shortage): string {
  return answer.kind === "response" ? Buffer.from(answer.body).toString() : "";
}

/** Returns the status of an answer, or why there is none. */
export function statusOrReason(answer: Answer | Shortage): number | string {
  return answer.kind === "response" ? answer.status : "reason" in answer ? answer.reason : answer.kind;
}

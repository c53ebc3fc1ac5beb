import { awsAnswer } from "../core/aws-answer.ts";
import type { SqsQueue } from "../core/aws-url.ts";
import type { ClientTls } from "../ports.ts";
import { AwsClient } from "../targets/aws-client.ts";
import { sqsHeaders } from "../targets/sqs.ts";
import { BrokerError, type BrokerParts } from "./broker.ts";

/** Time limit of a request, without the time for which SQS waits for messages, in ms. */
const REQUEST_MS_MAX = 10_000;
/** Maximum size of a response. It has room for ten messages of 1 MiB with escapes of JSON. */
const RESPONSE_BYTES_MAX = 64 * 1024 * 1024;
const UTF8 = new TextDecoder();

/** The signal of a request that is never aborted. */
export const neverAborted = new AbortController().signal;

/**
 * Makes a request about a queue, and returns the JSON object of the response. SQS may wait for
 * `waitMs` before it responds. Rejects with a `BrokerError` if the request fails.
 */
export type SqsCall = (
  action: string,
  input: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
  waitMs?: number,
) => Promise<Readonly<Record<string, unknown>>>;

/** Returns a function that makes requests about a queue. Throws a `BrokerError` if there are no keys to sign them. */
export function callsTo(parts: BrokerParts, queue: SqsQueue, tls: ClientTls | null): SqsCall {
  const { clock, policy } = parts;
  const { region, requestUrl, queueUrl } = queue;
  const credentials = queue.credentials ?? policy.awsCredentials ?? null;
  if (credentials === null) throw new BrokerError("The URL contains no credentials.");
  const client = new AwsClient({ ports: parts, policy }, { service: "sqs", region, requestUrl, credentials, tls });
  return async (action, input, signal, waitMs = 0) => {
    const body = Buffer.from(JSON.stringify({ QueueUrl: queueUrl, ...input }));
    const timeoutMs = REQUEST_MS_MAX + waitMs;
    const timeout = new AbortController();
    const cancel = clock.after(timeoutMs, () => timeout.abort());
    const call = { headers: sqsHeaders(action), body, timeoutMs, responseBytesMax: RESPONSE_BYTES_MAX };
    const answer = await client.send(call, AbortSignal.any([signal, timeout.signal])).finally(cancel);
    if (answer.kind !== "response") throw new BrokerError(answer.detail);
    if (answer.status === 200) return objectOf(answer.body);
    const { status, body: text } = awsAnswer(answer) as typeof answer;
    throw new BrokerError(UTF8.decode(text).slice(0, 500) || `SQS responded with the status ${status}.`);
  };
}

function objectOf(body: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = body.length === 0 ? {} : JSON.parse(UTF8.decode(body));
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch {}
  throw new BrokerError("The response is not JSON. Does the URL lead to an SQS server?");
}

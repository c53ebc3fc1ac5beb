import { awsAnswer } from "../core/aws-answer.ts";
import type { LambdaFunction, SqsQueue } from "../core/aws-url.ts";
import { isSuccess } from "../core/outcome.ts";
import type { SigningKey } from "../core/signature.ts";
import { cutUtf8 } from "../core/text.ts";
import type { Answer, Shortage } from "../ports.ts";
import { AwsClient } from "./aws-client.ts";
import { tlsOf } from "./client-tls.ts";
import { type CarriedHeaders, carriedHeaders, type Header, MessageHeaders, sentHeaders } from "./message-headers.ts";
import type { PreparedTarget, Target, TargetEndpoint, TargetMessage, TargetParts } from "./target.ts";

/** Bytes of a response that are read at least, so that errors of AWS can be parsed. Attempts may store fewer. */
const RESPONSE_BYTES_MIN = 4096;

export interface AwsRequestParts {
  readonly headers: readonly Header[];
  readonly body: Uint8Array;
}

/** How messages become requests to one service of AWS. */
export interface AwsService<Resource extends SqsQueue | LambdaFunction> {
  readonly name: "sqs" | "lambda";
  parse(url: URL): Resource | string;
  /** Returns the request of a message, or an answer if the service cannot take the message. */
  request(of: {
    readonly resource: Resource;
    readonly endpoint: TargetEndpoint;
    readonly message: TargetMessage;
    readonly headers: CarriedHeaders;
  }): AwsRequestParts | Answer;
  /** Converts a successful response. */
  succeeded(answer: Answer & { readonly kind: "response" }): Answer;
}

/** Sends messages as signed requests to a service of AWS, over the HTTP client of deliveries. */
export class AwsTarget<Resource extends SqsQueue | LambdaFunction> implements Target {
  constructor(
    private readonly parts: TargetParts,
    private readonly service: AwsService<Resource>,
  ) {}

  prepare(endpoint: TargetEndpoint, keys: readonly SigningKey[]): PreparedTarget {
    const resource = this.service.parse(new URL(endpoint.url));
    if (typeof resource === "string") return failing("connection", resource);
    const credentials = resource.credentials ?? this.parts.policy.awsCredentials ?? null;
    if (credentials === null) {
      return failing("auth", "The URL contains no keys, and the server has none for it (setting aws-credentials).");
    }
    const { region, requestUrl } = resource;
    const options = { service: this.service.name, region, requestUrl, credentials, tls: tlsOf(endpoint) };
    const client = new AwsClient(this.parts, options);
    return new AwsEndpoint(this.parts, this.service, resource, endpoint, keys, client);
  }
}

class AwsEndpoint<Resource extends SqsQueue | LambdaFunction> implements PreparedTarget {
  readonly #headers: MessageHeaders;
  readonly #timeoutMs: number;

  constructor(
    private readonly parts: TargetParts,
    private readonly service: AwsService<Resource>,
    private readonly resource: Resource,
    private readonly endpoint: TargetEndpoint,
    keys: readonly SigningKey[],
    private readonly client: AwsClient,
  ) {
    this.#headers = new MessageHeaders(parts, endpoint, keys, { url: null, ofConnection: [] });
    this.#timeoutMs = endpoint.timeoutMs ?? parts.policy.deliveryTimeoutMs;
  }

  async deliver(message: TargetMessage, signal: AbortSignal): Promise<Answer | Shortage> {
    const { service, resource, endpoint, parts } = this;
    const headers = carriedHeaders(this.#headers, message, parts);
    const request = service.request({ resource, endpoint, message, headers });
    if ("kind" in request) return request;
    const { maxResponseStoredBytes } = parts.policy;
    const responseBytesMax = Math.max(maxResponseStoredBytes, RESPONSE_BYTES_MIN);
    const answer = await this.client.send({ ...request, timeoutMs: this.#timeoutMs, responseBytesMax }, signal);
    if (answer.kind === "shortage") return answer;
    const isAccepted = answer.kind === "response" && isSuccess(answer.status);
    const shown = awsAnswer(isAccepted ? service.succeeded(answer) : answer);
    if (shown.kind !== "response") return shown;
    const cut = { ...shown, body: cutUtf8(shown.body, maxResponseStoredBytes) };
    if (isSuccess(cut.status)) return cut;
    return { ...cut, headers: { request: sentHeaders(headers), response: answer.headers?.response ?? "" } };
  }
}

function failing(reason: "connection" | "auth", detail: string): PreparedTarget {
  return { deliver: () => Promise.resolve({ kind: "failure", reason, detail }) };
}

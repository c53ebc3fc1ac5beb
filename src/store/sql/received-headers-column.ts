/**
 * Names of headers that are stored as one character. Append new names at the end, and never remove
 * or move one, because stored messages refer to them by position. At most 128.
 */
const NAMES: readonly string[] = [
  ...["host", "accept", "user-agent", "content-type", "content-length", "accept-encoding", "connection"],
  ...["accept-language", "authorization", "cache-control", "cookie", "date", "expect", "from", "origin", "pragma"],
  ...["referer", "te", "traceparent", "tracestate", "transfer-encoding", "upgrade", "via", "baggage"],
  ...["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port", "x-forwarded-server"],
  ...["x-real-ip", "forwarded", "x-request-id", "x-correlation-id", "x-trace-id", "x-amzn-trace-id"],
  ...["cf-connecting-ip", "cf-ipcountry", "cf-ray", "cf-visitor", "cdn-loop", "x-cloud-trace-context"],
  ...["webhook-id", "webhook-timestamp", "webhook-signature", "svix-id", "svix-timestamp", "svix-signature"],
  ...["ce-id", "ce-source", "ce-specversion", "ce-type", "ce-time", "ce-subject", "ce-dataschema"],
  ...["x-github-event", "x-github-delivery", "x-github-hook-id", "x-github-hook-installation-target-id"],
  ...["x-github-hook-installation-target-type", "x-hub-signature", "x-hub-signature-256", "stripe-signature"],
  ...["x-shopify-topic", "x-shopify-hmac-sha256", "x-shopify-shop-domain", "x-shopify-api-version"],
  ...["x-shopify-webhook-id", "x-shopify-event-id", "x-shopify-triggered-at", "x-slack-signature"],
  ...["x-slack-request-timestamp", "x-slack-retry-num", "x-slack-retry-reason", "x-gitlab-event"],
  ...["x-gitlab-token", "x-gitlab-event-uuid", "x-gitlab-webhook-uuid", "x-gitlab-instance", "idempotency-key"],
  ...["x-event-key", "x-hook-uuid", "x-request-uuid", "x-attempt-number", "x-twilio-signature"],
  ...["i-twilio-idempotency-token", "paypal-transmission-id", "paypal-transmission-time"],
  ...["paypal-transmission-sig", "paypal-auth-algo", "paypal-cert-url", "x-signature", "x-timestamp"],
  ...["x-webhook-id", "x-webhook-event", "x-webhook-signature", "x-webhook-timestamp", "x-event-type"],
  ...["x-square-hmacsha256-signature", "x-amz-sns-message-type", "x-amz-sns-message-id", "x-amz-sns-topic-arn"],
  ...["x-goog-channel-id", "x-goog-resource-state", "x-goog-message-number", "x-goog-resource-id"],
  ...["linear-signature", "linear-event", "linear-delivery", "x-zm-signature", "x-zm-request-timestamp"],
];

const FIRST_CODE = 0x80;
const codes = new Map(NAMES.map((name, index) => [name, String.fromCharCode(FIRST_CODE + index)]));

const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
/** Characters that HTTP does not allow in a value. */
const NOT_IN_VALUE = /[\n\0]/;

/**
 * Returns the text in which the headers of a received message are stored: one line per header, which
 * is half as long as their JSON. A known name is one character from U+0080. Any other name ends with
 * a colon. The value of `content-type` is empty if it is in the column of that name. Headers that do
 * not have this form are stored as JSON.
 */
export function receivedHeadersColumn(headers: Readonly<Record<string, string>>, contentType: string | null): string {
  let text = "";
  for (const name in headers) {
    const value = headers[name]!;
    const code = codes.get(name);
    if (NOT_IN_VALUE.test(value) || (code === undefined && !NAME.test(name))) return JSON.stringify(headers);
    if (name === "content-type") {
      if (value === "" && contentType !== "") return JSON.stringify(headers);
      text += `${code}${value === contentType ? "" : value}\n`;
    } else text += `${code ?? `${name}:`}${value}\n`;
  }
  return text === "" ? "{}" : text;
}

/** Reads the column `headers` of any message. Earlier versions stored all of them as JSON. */
export function fromHeadersColumn(
  text: string | null,
  contentType: string | null,
): Readonly<Record<string, string>> | null {
  if (text === null) return null;
  if (text.startsWith("{")) return JSON.parse(text) as Record<string, string>;
  return Object.fromEntries(
    text
      .slice(0, -1)
      .split("\n")
      .map((line) => headerOf(line, contentType)),
  );
}

function headerOf(line: string, contentType: string | null): [name: string, value: string] {
  const code = line.charCodeAt(0);
  if (code < FIRST_CODE) {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1)];
  }
  const name = NAMES[code - FIRST_CODE]!;
  const value = line.slice(1);
  return [name, name === "content-type" && value === "" ? (contentType ?? "") : value];
}

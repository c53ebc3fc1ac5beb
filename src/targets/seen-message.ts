import { isSensitiveHeader } from "../core/sensitive-header.ts";
import { MASK, maskPassword } from "../core/url-password.ts";
import type { TargetEndpoint, TargetMessage } from "./target.ts";

/** What the code of customers sees of endpoints and messages. Its output is shown to people, so secrets are masked. */

type Headers = Readonly<Record<string, string>>;

/** The endpoint as its code sees it. */
export interface SeenEndpoint extends Pick<TargetEndpoint, "headers"> {
  readonly url: URL;
}

/** Returns the headers of the endpoint and the message. */
export function headersBefore({ headers }: SeenEndpoint, { headers: own }: Pick<TargetMessage, "headers">): Headers {
  return { ...headers, ...own };
}

/** Returns the request without its payload as the code sees it. */
export function requestBefore(endpoint: SeenEndpoint, message: Pick<TargetMessage, "headers">) {
  const headers = Object.entries(headersBefore(endpoint, message));
  return {
    url: maskPassword(endpoint.url.href),
    method: "POST",
    headers: Object.fromEntries(headers.map(([name, value]) => [name, isSensitiveHeader(name) ? MASK : value])),
  } as const;
}

/** Returns headers that the code has returned, with the values of `before` in the place of masks. */
export function unmaskedHeaders(returned: Headers, before: Headers): Headers {
  const isMasked = (name: string, value: string) => value === MASK && Object.hasOwn(before, name);
  const headers = Object.entries(returned);
  return Object.fromEntries(headers.map(([name, value]) => [name, isMasked(name, value) ? before[name]! : value]));
}

/** Returns the content type and the other headers of a message, without those that contained a secret of its sender. */
export function senderHeaders({
  contentType,
  headers,
  received,
}: Pick<TargetMessage, "contentType" | "headers" | "received">): Headers {
  const shown = Object.entries(headers ?? {}).filter(([name]) => !received?.redacted.includes(name));
  return { ...(contentType !== null && { "content-type": contentType }), ...Object.fromEntries(shown) };
}

import { urlCharsMax } from "../rule.ts";
import { amqpScheme } from "./amqp.ts";
import { lambdaScheme, sqsScheme } from "./aws.ts";
import { functionScheme } from "./function.ts";
import { grpcScheme } from "./grpc.ts";
import { httpScheme } from "./http.ts";
import { kafkaScheme } from "./kafka.ts";
import { natsScheme } from "./nats.ts";
import type { UrlScheme } from "./scheme.ts";
import { websocketScheme } from "./websocket.ts";

/** The protocols of endpoints: one entry each, in the order in which error messages name them. */
const SCHEMES: readonly UrlScheme[] = [
  httpScheme,
  functionScheme,
  grpcScheme,
  amqpScheme,
  natsScheme,
  kafkaScheme,
  sqsScheme,
  lambdaScheme,
  websocketScheme,
];

const BY_PROTOCOL: ReadonlyMap<string, UrlScheme> = new Map(
  SCHEMES.flatMap((scheme) => scheme.names.map((name) => [`${name}:`, scheme])),
);

/** Returns the rules for URLs with this `URL.protocol`. Undefined if endpoints cannot have it. */
export function urlScheme(protocol: string): UrlScheme | undefined {
  return BY_PROTOCOL.get(protocol);
}

/** Returns whether the protocol of an endpoint's URL can deliver several messages as one. */
export function takesBatches(text: string): boolean {
  const url = URL.parse(text);
  const features = { batch: {}, payloadMode: "full", auth: null, tls: null } as const;
  return url !== null && urlScheme(url.protocol)?.unsupported(features, url)?.field !== "batch";
}

interface UrlRules {
  /** Whether only URLs with an encrypted connection are allowed. */
  readonly httpsOnly: boolean;
  /** Whether the endpoint is for operational webhooks. */
  readonly isOperational: boolean;
  /** Whether the server has keys for AWS. The default is false. */
  readonly hasAwsCredentials?: boolean;
}

/**
 * Validates and normalizes the URL of an endpoint as defined by the WHATWG URL standard
 * (`http://Example.com` becomes `http://example.com/`).
 */
export function normalizeEndpointUrl(text: string, rules: UrlRules): { url: string } | { problem: string } {
  const parsed = text.isWellFormed() ? URL.parse(text) : null;
  if (parsed === null) return { problem: "Must be a valid URL." };
  const scheme = urlScheme(parsed.protocol);
  const isAllowed = scheme !== undefined && !(rules.isOperational && scheme.isForCustomers);
  if (!isAllowed) return { problem: unknownScheme(rules) };
  const url = scheme.hasHost ? withNormalHost(parsed) : parsed;
  if (url === null) return { problem: "Must be a valid URL with a host." };
  const problem =
    scheme.problem(url) ??
    (rules.httpsOnly ? scheme.clearTextProblem(url) : null) ??
    (rules.hasAwsCredentials !== true ? scheme.credentialsProblem?.(url) : null) ??
    spellingProblem(scheme, text, url);
  if (problem !== null) return { problem };
  if (url.href.length > urlCharsMax) return { problem: `Must be at most ${urlCharsMax} characters long.` };
  return { url: url.href };
}

/** Returns the error if a URL without a host, which is a keyword, is not spelled exactly; otherwise null. */
function spellingProblem({ hasHost }: UrlScheme, text: string, { href }: URL): string | null {
  return hasHost || text === href ? null : `Must be spelled \`${href}\`.`;
}

function unknownScheme({ isOperational }: UrlRules): string {
  const schemes = isOperational ? SCHEMES.filter((scheme) => !scheme.isForCustomers) : SCHEMES;
  const names = schemes.flatMap(({ names }) => names);
  return `The scheme of the URL must be ${names.slice(0, -1).join(", ")} or ${names.at(-1)}.`;
}

/**
 * Returns the URL with its host normalized. The URL standard normalizes only the hosts of its own
 * schemes; those of other schemes can have upper case, or IPv4 addresses such as `0x7f.1`. Returns
 * null if the host is missing or invalid.
 */
function withNormalHost(url: URL): URL | null {
  if (url.hostname === "") return null;
  const { protocol, username, password, port, pathname, search, hash } = url;
  const hostname = URL.parse(`http://${url.hostname}/`)?.hostname ?? "";
  if (hostname === "") return null;
  if (hostname === url.hostname) return url;
  const user = username + (password === "" ? "" : `:${password}`);
  const authority = `${user === "" ? "" : `${user}@`}${hostname}${port === "" ? "" : `:${port}`}`;
  return URL.parse(`${protocol}//${authority}${pathname}${search}${hash}`);
}

import { createHash, createHmac } from "node:crypto";
import type { AwsCredentials } from "./aws-url.ts";

type Header = readonly [name: string, value: string];

/** A request to a service of AWS. */
export interface AwsRequest {
  readonly method: string;
  readonly url: URL;
  /** All headers of the request except `Host`. */
  readonly headers: readonly Header[];
  readonly body: Uint8Array;
}

export interface AwsScope {
  readonly region: string;
  /** Such as `sqs`. */
  readonly service: string;
  readonly credentials: AwsCredentials;
  /** Time of the signature, in ms. AWS accepts differences of some minutes. */
  readonly at: number;
}

const ALGORITHM = "AWS4-HMAC-SHA256";

/**
 * Returns the headers that sign a request for AWS (Signature Version 4). All headers of the request are
 * signed. See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html.
 */
export function awsSignature(request: AwsRequest, scope: AwsScope): Header[] {
  const { credentials, region, service } = scope;
  const time = amzTime(scope.at);
  const day = time.slice(0, 8);
  const added: Header[] = [["X-Amz-Date", time]];
  if (credentials.sessionToken !== null) added.push(["X-Amz-Security-Token", credentials.sessionToken]);
  const headers = canonicalHeaders([...request.headers, ["Host", request.url.host], ...added]);
  const names = headers.map(([name]) => name).join(";");
  const canonical = [
    request.method,
    canonicalPath(request.url.pathname),
    canonicalQuery(request.url.searchParams),
    ...headers.map(([name, value]) => `${name}:${value}`),
    "",
    names,
    hashOf(request.body),
  ].join("\n");
  const credentialScope = `${day}/${region}/${service}/aws4_request`;
  const toSign = [ALGORITHM, time, credentialScope, hashOf(canonical)].join("\n");
  const signature = hmac(signingKey(credentials.secretAccessKey, day, region, service), toSign).toString("hex");
  const credential = `${credentials.accessKeyId}/${credentialScope}`;
  added.push([
    "Authorization",
    `${ALGORITHM} Credential=${credential}, SignedHeaders=${names}, Signature=${signature}`,
  ]);
  return added;
}

/** Returns a time such as `20260101T000000Z`. */
function amzTime(at: number): string {
  return new Date(at).toISOString().replace(/[-:]|\.\d+/g, "");
}

/** Returns the headers in the order of their names, each name once. */
function canonicalHeaders(headers: readonly Header[]): Header[] {
  const values = new Map<string, string>();
  for (const [name, value] of headers) {
    const lower = name.toLowerCase();
    const text = value.trim().replace(/ +/g, " ");
    const before = values.get(lower);
    values.set(lower, before === undefined ? text : `${before},${text}`);
  }
  return [...values].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Encodes each segment once more than the URL does, as all services but S3 require. */
function canonicalPath(path: string): string {
  return path.split("/").map(encoded).join("/");
}

function canonicalQuery(parameters: URLSearchParams): string {
  return [...parameters]
    .map(([name, value]) => [encoded(name), encoded(value)] as const)
    .sort(([a, x], [b, y]) => (a === b ? order(x, y) : order(a, b)))
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Percent-encodes all characters of a text but letters, digits and `-._~` (RFC 3986). */
function encoded(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** The signing key of the latest request. It changes only with the day, the secret, the region and the service. */
let latestKey: { readonly of: string; readonly key: Buffer } | null = null;

function signingKey(secret: string, day: string, region: string, service: string): Buffer {
  const of = JSON.stringify([secret, day, region, service]);
  if (latestKey?.of !== of) {
    const key = [day, region, service, "aws4_request"].reduce<Buffer | string>(hmac, `AWS4${secret}`);
    latestKey = { of, key: key as Buffer };
  }
  return latestKey.key;
}

function hmac(key: Buffer | string, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

function hashOf(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

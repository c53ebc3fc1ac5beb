/** URLs of SQS queues and Lambda functions, and where the requests to them go. */

import { decoded } from "./endpoint-url/parts.ts";

/** The keys with which requests to AWS are signed. */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Null unless the keys are temporary. */
  readonly sessionToken: string | null;
}

interface AwsResource {
  readonly region: string;
  /** Null if the URL contains none. */
  readonly credentials: AwsCredentials | null;
  /** Where requests are sent: an http or https URL. */
  readonly requestUrl: URL;
}

export interface SqsQueue extends AwsResource {
  readonly queueUrl: string;
  readonly name: string;
  /** Whether the queue keeps the order of its messages and recognises duplicates. */
  readonly isFifo: boolean;
}

export interface LambdaFunction extends AwsResource {
  /** `event`: Lambda queues the invocation. `request`: the attempt waits for the result of the function. */
  readonly invocation: "event" | "request";
}

const REGION = /^[a-z0-9-]{1,64}$/;
const ACCOUNT = /^[A-Za-z0-9_-]{1,64}$/;
const QUEUE = /^(?:[A-Za-z0-9_-]{1,80}|[A-Za-z0-9_-]{1,75}\.fifo)$/;
const FUNCTION = /^[A-Za-z0-9_-]{1,140}(?::[A-Za-z0-9$_-]{1,128})?$/;

const SQS_FORM =
  "The URL of a queue is `sqs://REGION/ACCOUNT/QUEUE`, with `KEY_ID:SECRET@` before the region for credentials and `?endpoint=` for another server than that of AWS.";
const LAMBDA_FORM =
  "The URL of a function is `lambda://REGION/FUNCTION` or `lambda://REGION/FUNCTION:QUALIFIER`, with `KEY_ID:SECRET@` before the region for credentials, and `?invocation=request` to wait for the result.";

/** Returns the queue that an `sqs:` URL names, or the error in the URL. */
export function parseSqsUrl(url: URL): SqsQueue | string {
  const [account, name, ...rest] = url.pathname.slice(1).split("/");
  const isValid = url.protocol === "sqs:" && REGION.test(url.hostname) && ACCOUNT.test(account ?? "");
  if (!isValid || !QUEUE.test(name ?? "") || rest.length > 0) return SQS_FORM;
  const resource = resourceOf(url, "sqs", ["endpoint"]);
  if (typeof resource === "string") return resource;
  const { endpoint, ...common } = resource;
  const queueUrl = `${endpoint}/${account}/${name}`;
  return { ...common, queueUrl, requestUrl: new URL(`${endpoint}/`), name: name!, isFifo: name!.endsWith(".fifo") };
}

/** Returns the function that a `lambda:` URL names, or the error in the URL. */
export function parseLambdaUrl(url: URL): LambdaFunction | string {
  const text = url.pathname.slice(1);
  if (url.protocol !== "lambda:" || !REGION.test(url.hostname) || !FUNCTION.test(text)) return LAMBDA_FORM;
  const resource = resourceOf(url, "lambda", ["endpoint", "invocation"]);
  if (typeof resource === "string") return resource;
  const invocation = url.searchParams.get("invocation") ?? "event";
  if (invocation !== "event" && invocation !== "request") return "`invocation` must be `event` or `request`.";
  const { endpoint, ...common } = resource;
  const [name, qualifier] = text.split(":");
  const query = qualifier === undefined ? "" : `?Qualifier=${encodeURIComponent(qualifier)}`;
  const requestUrl = new URL(`${endpoint}/2015-03-31/functions/${name}/invocations${query}`);
  return { ...common, requestUrl, invocation };
}

/** Returns the parts that the URLs of both services have, or the error in them. */
function resourceOf(url: URL, service: string, parameters: readonly string[]) {
  const { hostname: region, searchParams, port, hash } = url;
  if (port !== "" || hash !== "") return "The URL must contain neither a port nor a fragment.";
  for (const name of new Set(searchParams.keys())) {
    if (!parameters.includes(name)) return `The parameter \`${name}\` of the URL is unknown.`;
    if (searchParams.getAll(name).length > 1) return `The parameter \`${name}\` of the URL occurs more than once.`;
  }
  const credentials = credentialsOf(url);
  if (typeof credentials === "string") return credentials;
  const endpoint = endpointOf(searchParams.get("endpoint") ?? `https://${service}.${region}.amazonaws.com`);
  return endpoint === null
    ? "`endpoint` must be an http or https URL without user, query and fragment."
    : { region, credentials, endpoint };
}

/** Returns the URL of a server without slashes at its end, or null if it is invalid. */
function endpointOf(text: string): string | null {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) return null;
  const isBare = url.username === "" && url.password === "" && url.search === "" && url.hash === "";
  return isBare ? url.href.replace(/\/+$/, "") : null;
}

/** Returns the keys in a URL, null if it has none, or the error in them. */
function credentialsOf({ username, password }: URL): AwsCredentials | null | string {
  if (username === "" && password === "") return null;
  const [accessKeyId, secretAccessKey] = [decoded(username), decoded(password)];
  const isComplete = accessKeyId !== "" && accessKeyId !== null && secretAccessKey !== "" && secretAccessKey !== null;
  if (!isComplete || !/^[\w+=,.@-]+$/.test(accessKeyId)) {
    return "Credentials are the access key id and the secret access key, percent-encoded: `KEY_ID:SECRET@`.";
  }
  return { accessKeyId, secretAccessKey, sessionToken: null };
}

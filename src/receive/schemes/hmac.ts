import { createHmac, createSecretKey, type KeyObject, randomUUID } from "node:crypto";
import type { Cause, Check, ExampleRequest } from "../receiver.ts";
import type { RequestView } from "../request-view.ts";
import { type Encoding, encodes } from "./bytes.ts";
import {
  configText,
  failed,
  type PreparedScheme,
  passed,
  type SourceConfig,
  secretsOf,
  toleranceOf,
} from "./scheme.ts";
import { keyOf, type SecretForm } from "./secret.ts";
import {
  type Algorithm,
  type Candidate,
  candidatesIn,
  formatSignature,
  type SignatureFormat,
} from "./signature-format.ts";
import { fill, parseTemplate, type Template } from "./template.ts";
import { formatTime, outside, parseTime, type TimeUnit, type Window } from "./time.ts";

/** An HMAC of a template with the body, and often a time and an id. */
export interface HmacParameters {
  readonly type: "hmac";
  /** The headers that may hold the signature. A signature in any of them is enough. */
  readonly headers: readonly string[];
  /** A parameter of the query that may hold the signature. */
  readonly parameter?: string;
  /** Default: `bare`. */
  readonly format?: SignatureFormat;
  /** Default: SHA-256. */
  readonly algorithm?: Algorithm;
  /** Default: hexadecimal. */
  readonly encoding?: Encoding;
  /** Default: `{body}`. See `Template`. */
  readonly signedString?: string;
  /**
   * What `{body}` stands for. `payload`: the decoded field `payload` of a form, or of the query of a
   * GET request; any other body as it is.
   */
  readonly body?: "raw" | "payload";
  /** Default: `utf8`. */
  readonly secret?: SecretForm;
  /** Further fields of the configuration that hold a secret. */
  readonly furtherSecrets?: readonly string[];
  readonly time?: TimeParameters;
  /** A header that names the key, and the field of the configuration with the expected name. */
  readonly keyName?: { readonly header: string; readonly field: string };
}

/** Where the time stands: in the signature header (`pairs`), in a header, or in the JSON body. */
export type TimeParameters = Window & { readonly unit: TimeUnit } & (
    | { readonly pair: true }
    | { readonly header: string }
    | { readonly field: string }
  );

/** What is prepared for one source. */
interface Hmac {
  readonly parameters: HmacParameters;
  readonly headers: readonly string[];
  readonly format: SignatureFormat;
  readonly algorithm: Algorithm;
  readonly encoding: Encoding;
  readonly template: Template;
  readonly keys: readonly KeyObject[];
  readonly time: TimeParameters | null;
  readonly timeHeader: string | null;
  readonly window: Window;
  readonly expectedKeyName: string | null;
}

/** A hostile header may hold many times, and each of them costs an HMAC per key. */
const TIMES_MAX = 4;

export function prepareHmac(parameters: HmacParameters, config: SourceConfig): PreparedScheme {
  const { format = { kind: "bare" }, algorithm = "sha256", encoding = "hex", signedString = "{body}" } = parameters;
  const { secret = "utf8", furtherSecrets = [], time = null, keyName } = parameters;
  const texts = [...secretsOf(config), ...furtherSecrets.map((name) => configText(config, name))];
  const hmac: Hmac = {
    parameters,
    headers: parameters.headers.map((name) => name.toLowerCase()),
    format,
    algorithm,
    encoding,
    template: parseTemplate(signedString),
    keys: texts.flatMap((text) => {
      const key = text === null ? null : keyOf(text, secret);
      return key === null ? [] : [createSecretKey(key)];
    }),
    time,
    timeHeader: time !== null && "header" in time ? time.header.toLowerCase() : null,
    window: toleranceOf(config, time?.past ?? Infinity, time?.future ?? Infinity),
    expectedKeyName: keyName === undefined ? null : configText(config, keyName.field),
  };
  const [signingKey] = hmac.keys;
  return {
    secretHeaders: [],
    check: (request, nowSeconds) => check(hmac, request, nowSeconds),
    sign: signingKey === undefined ? null : (request, url, now) => sign(hmac, signingKey, request, url, now),
  };
}

function check(hmac: Hmac, request: RequestView, nowSeconds: number): Check {
  const candidates = findCandidates(hmac, request);
  if (typeof candidates === "string") return failed(candidates);
  const { keyName } = hmac.parameters;
  if (keyName !== undefined && hmac.expectedKeyName !== null) {
    if (request.header(keyName.header.toLowerCase()) !== hmac.expectedKeyName) return failed("unknown_key");
  }
  const outer = outerTime(hmac, request);
  if (outer === undefined) return failed("missing_timestamp");
  const body = signedBody(hmac, request);
  if (body === null) return failed("missing_signature");
  let times = 0;
  let last: string | null = null;
  let cause: Cause = "signature_mismatch";
  for (const candidate of candidates) {
    const time = outer ?? candidate.time;
    if (time !== last && ++times > TIMES_MAX) return failed("malformed_signature");
    last = time;
    const result = checkCandidate(hmac, request, body, candidate, time, nowSeconds);
    if (result === null) return passed;
    if (result !== "signature_mismatch") cause = result;
  }
  return failed(cause);
}

function findCandidates({ headers, format, parameters }: Hmac, request: RequestView): readonly Candidate[] | Cause {
  let found: readonly Candidate[] | null = null;
  let cause: Cause = "missing_signature";
  const values = headers.map((name) => request.header(name));
  if (parameters.parameter !== undefined) values.push(request.parameters.get(parameters.parameter));
  for (const value of values) {
    if (value === null || value === "") continue;
    const candidates = candidatesIn(value, format);
    if (typeof candidates === "string") cause = candidates;
    else found = found === null ? candidates : [...found, ...candidates];
  }
  return found ?? cause;
}

/** Returns a time outside the signature header; null if it is not there, undefined if it is missing. */
function outerTime({ time, timeHeader, window }: Hmac, request: RequestView): string | null | undefined {
  if (timeHeader !== null) return request.header(timeHeader) || undefined;
  if (time === null || !("field" in time)) return null;
  // The template does not contain a time of the body, so it is only needed for the window.
  if (window.past === Infinity && window.future === Infinity) return null;
  const json = request.json();
  const value = typeof json === "object" && json !== null ? (json as Record<string, unknown>)[time.field] : undefined;
  if (typeof value !== "number" && typeof value !== "string") return undefined;
  return String(value);
}

const NO_BYTES = new Uint8Array(0);

function signedBody({ parameters }: Hmac, request: RequestView): Uint8Array | null {
  if (parameters.body !== "payload") return request.body;
  const fields = request.method === "GET" ? request.parameters : request.form;
  if (fields === null) return request.body;
  const payload = fields.get("payload");
  return payload === null ? NO_BYTES : Buffer.from(payload);
}

/** Returns null if the signature is right and its time lies within the window. */
function checkCandidate(
  hmac: Hmac,
  request: RequestView,
  body: Uint8Array,
  candidate: Candidate,
  time: string | null,
  nowSeconds: number,
): Cause | null {
  let seconds: number | null = null;
  if (time !== null && hmac.time !== null) {
    seconds = parseTime(time, hmac.time.unit);
    if (seconds === null) return "malformed_signature";
  } else if (hmac.template.needsTime) return "missing_timestamp";
  const parts = fill(hmac.template, request, body, time ?? "");
  if (parts === null) return "missing_signature";
  if (!matches(hmac, candidate, parts)) return "signature_mismatch";
  return seconds === null ? null : outside(seconds, nowSeconds, hmac.window);
}

function matches(hmac: Hmac, candidate: Candidate, parts: readonly (string | Uint8Array)[]): boolean {
  const algorithm = candidate.algorithm ?? hmac.algorithm;
  for (const key of hmac.keys) {
    if (encodes(candidate.signature, hmac.encoding, digest(algorithm, key, parts))) return true;
  }
  return false;
}

function digest(algorithm: Algorithm, key: KeyObject, parts: readonly (string | Uint8Array)[]): Buffer {
  const hmac = createHmac(algorithm, key);
  for (const part of parts) hmac.update(part);
  return hmac.digest();
}

function sign(hmac: Hmac, key: KeyObject, request: ExampleRequest, url: string, nowSeconds: number): ExampleRequest {
  const { parameters, template, time } = hmac;
  const headers: Record<string, string> = { ...request.headers };
  const at = time === null ? "" : formatTime(nowSeconds, time.unit === "auto" ? "s" : time.unit);
  if (time !== null && "header" in time) headers[time.header] = at;
  for (const part of template.parts) {
    if (part.kind === "header") headers[part.name] = headerOf(headers, part.name) ?? randomUUID();
  }
  const { keyName } = parameters;
  if (keyName !== undefined && hmac.expectedKeyName !== null) headers[keyName.header] = hmac.expectedKeyName;
  const body = time !== null && "field" in time ? withField(request.body, time.field, Number(at)) : request.body;
  const view = { method: request.method, url, header: (name: string) => headerOf(headers, name) };
  const signature = digest(hmac.algorithm, key, fill(template, view, body, at) ?? []).toString(hmac.encoding);
  const value = formatSignature(hmac.format, signature, at, hmac.algorithm);
  if (parameters.parameter !== undefined) {
    return { ...request, headers, body, query: `?${parameters.parameter}=${encodeURIComponent(value)}` };
  }
  return { ...request, headers: { ...headers, [parameters.headers[0]!]: value }, body };
}

/** Returns the value of a header whatever the case of its name. */
function headerOf(headers: Readonly<Record<string, string>>, lowerName: string): string | null {
  for (const [name, value] of Object.entries(headers)) if (name.toLowerCase() === lowerName) return value;
  return null;
}

/** Returns a JSON object with a field set. */
function withField(body: Uint8Array, field: string, value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(body).toString()), [field]: value }));
}

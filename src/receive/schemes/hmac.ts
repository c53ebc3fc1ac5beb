import { createSecretKey } from "node:crypto";
import { arrayItems } from "../../core/json.ts";
import type { Cause, Check } from "../receiver.ts";
import type { RequestView } from "../request-view.ts";
import { digestOf, encodes } from "./bytes.ts";
import type { Hmac, HmacParameters } from "./hmac-parameters.ts";
import { signHmac } from "./hmac-sign.ts";
import {
  configText,
  failed,
  type PreparedScheme,
  passed,
  type SourceConfig,
  secretsOf,
  toleranceOf,
} from "./scheme.ts";
import { keyOf } from "./secret.ts";
import { type Algorithm, type Candidate, candidatesIn } from "./signature-format.ts";
import { fill, parseTemplate } from "./template.ts";
import { outside, parseTime } from "./time.ts";

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
    sign: signingKey === undefined ? null : (request, url, now) => signHmac(hmac, signingKey, request, url, now),
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
  const cause = checkBody(hmac, request, signedBody(hmac, request), candidates, outer, nowSeconds);
  if (cause === null) return passed;
  const item = hmac.parameters.body === "first-item" && cause === "signature_mismatch" ? firstItem(request.body) : null;
  if (item === null) return failed(cause);
  return checkBody(hmac, request, item, candidates, outer, nowSeconds) === null ? passedByPart : failed(cause);
}

/** The signature covers only a part of the body. */
const passedByPart: Check = { kind: "passed", state: "authenticated" };

/** Returns the bytes of the first item if a body is a list in JSON. */
function firstItem(body: Uint8Array): Uint8Array | null {
  const range = arrayItems(body, [0, body.length])?.[0];
  return range === undefined ? null : body.subarray(...range);
}

/**
 * Returns null if one of the signatures is right and its time lies within the window. The digests
 * are computed once per time and key, however many signatures there are.
 */
function checkBody(
  hmac: Hmac,
  request: RequestView,
  body: Uint8Array,
  candidates: readonly Candidate[],
  outerTime: string | null,
  nowSeconds: number,
): Cause | null {
  let cause: Cause = "signature_mismatch";
  let signed: Signed | null = null;
  let count = 0;
  for (const candidate of candidates) {
    const time = outerTime ?? candidate.time;
    if (signed === null || signed.time !== time || signed.algorithm !== candidate.algorithm) {
      if (++count > TIMES_MAX) return "malformed_signature";
      const next = signedAt(hmac, request, body, time, candidate.algorithm);
      if (typeof next === "string") return next;
      signed = next;
    }
    if (!matches(hmac, candidate.signature, signed)) continue;
    const late = signed.seconds === null ? null : outside(signed.seconds, nowSeconds, hmac.window);
    if (late === null) return null;
    cause = late;
  }
  return cause;
}

function findCandidates({ headers, format, parameters }: Hmac, request: RequestView): readonly Candidate[] | Cause {
  let found: readonly Candidate[] | null = null;
  let cause: Cause = "missing_signature";
  const add = (value: string | null) => {
    if (value === null || value === "") return;
    const candidates = candidatesIn(value, format);
    if (typeof candidates === "string") cause = candidates;
    else found = found === null ? candidates : [...found, ...candidates];
  };
  for (const name of headers) add(request.header(name));
  if (parameters.parameter !== undefined) add(request.parameters.get(parameters.parameter));
  return found ?? cause;
}

/** Returns the time outside the signature header. Null if the provider sends none there, undefined if this request lacks it. */
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

function signedBody({ parameters }: Hmac, request: RequestView): Uint8Array {
  if (parameters.body !== "payload") return request.body;
  const fields = request.method === "GET" ? request.parameters : request.form;
  if (fields === null) return request.body;
  const payload = fields.get("payload");
  return payload === null ? NO_BYTES : Buffer.from(payload);
}

/** The signed text for one time and algorithm. */
interface Signed {
  readonly time: string | null;
  readonly seconds: number | null;
  readonly algorithm: Algorithm | null;
  readonly parts: readonly (string | Uint8Array)[];
  /** HMACs by the index of the key, computed when needed. */
  readonly digests: Buffer[];
}

function signedAt(
  hmac: Hmac,
  request: RequestView,
  body: Uint8Array,
  time: string | null,
  algorithm: Algorithm | null,
): Signed | Cause {
  let seconds: number | null = null;
  if (time !== null && hmac.time !== null) {
    seconds = parseTime(time, hmac.time.unit);
    if (seconds === null) return "malformed_signature";
  } else if (hmac.template.needsTime) return "missing_timestamp";
  const parts = fill(hmac.template, request, body, time ?? "");
  return parts === null ? "missing_signature" : { time, seconds, algorithm, parts, digests: [] };
}

function matches({ keys, encoding, algorithm }: Hmac, signature: string, signed: Signed): boolean {
  for (let index = 0; index < keys.length; index++) {
    signed.digests[index] ??= digestOf(signed.algorithm ?? algorithm, keys[index]!, signed.parts);
    if (encodes(signature, encoding, signed.digests[index]!)) return true;
  }
  return false;
}

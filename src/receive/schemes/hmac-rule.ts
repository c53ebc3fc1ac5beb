import { createHash, createSecretKey, type KeyObject } from "node:crypto";
import type { Cause, Check, ExampleRequest } from "../receiver.ts";
import type { RequestView } from "../request-view.ts";
import { digestOf, type Encoding, encodes } from "./bytes.ts";
import type { Rule, RuleSignature, SignedParts } from "./rule.ts";
import { type RuleName, rules } from "./rules.ts";
import { failed, type PreparedScheme, passed, type SourceConfig, secretsOf, toleranceOf } from "./scheme.ts";
import { keyOf, type SecretForm } from "./secret.ts";
import type { Algorithm } from "./signature-format.ts";
import { formatTime, outside, parseTime, type TimeUnit, type Window } from "./time.ts";

/**
 * An HMAC whose signed string a template cannot describe: it depends on the URL, on sorted fields of
 * a form, or on fields of the body.
 */
export interface HmacRuleParameters {
  readonly type: "hmac-rule";
  readonly rule: RuleName;
  readonly headers: readonly string[];
  /** Default: SHA-256. */
  readonly algorithm?: Algorithm;
  /** Default: hexadecimal. */
  readonly encoding?: Encoding;
  /** How a secret becomes a key. Default: `utf8`. */
  readonly secret?: SecretForm;
  readonly time?: Window & { readonly unit: TimeUnit };
}

/** A hostile request may have many signatures, and each of them costs an HMAC per key and text. */
const SIGNATURES_MAX = 100;
const CANDIDATES_MAX = 32;

interface Prepared {
  readonly parameters: HmacRuleParameters;
  readonly keys: readonly KeyObject[];
  readonly window: Window;
}

export function prepareHmacRule(parameters: HmacRuleParameters, config: SourceConfig): PreparedScheme {
  const { secret = "utf8", time, algorithm = "sha256", encoding = "hex", rule: name } = parameters;
  const rule: Rule = rules[name];
  const keys = secretsOf(config).flatMap((text) => {
    const key = keyOf(text, secret);
    return key === null ? [] : [createSecretKey(key)];
  });
  const window = toleranceOf(config, time?.past ?? Infinity, time?.future ?? Infinity);
  const prepared: Prepared = { parameters, keys, window };
  const check = (request: RequestView, now: number): Check => {
    const signatures = rule.read(request, config);
    if (typeof signatures === "string") return failed(signatures);
    if (signatures.length === 0) return failed("missing_signature");
    if (signatures.length > SIGNATURES_MAX) return failed("malformed_signature");
    for (const signature of signatures) {
      const cause = causeOf(prepared, signature, now);
      if (cause !== null) return failed(cause);
    }
    return passed;
  };
  const [key] = keys;
  const sign = (request: ExampleRequest, url: string, now: number) =>
    rule.sign({
      ...{ request, url, config, time: formatTime(now, time?.unit === "ms" ? "ms" : "s") },
      digest: (parts, other) => digestOf(other ?? algorithm, key!, parts).toString(encoding),
    });
  return { secretHeaders: [], check, sign: key === undefined ? null : sign };
}

function causeOf({ parameters, keys, window }: Prepared, signature: RuleSignature, now: number): Cause | null {
  if (signature.signatures.length > CANDIDATES_MAX) return "malformed_signature";
  const seconds =
    parameters.time === undefined || signature.time === undefined
      ? null
      : parseTime(signature.time, parameters.time.unit);
  if (seconds === null && parameters.time !== undefined && signature.time !== undefined) return "malformed_signature";
  if (!keys.some((key) => isRight(parameters, key, signature))) return "signature_mismatch";
  return (seconds === null ? null : outside(seconds, now, window)) ?? signature.flaw ?? null;
}

function isRight(parameters: HmacRuleParameters, key: KeyObject, signature: RuleSignature): boolean {
  const algorithm = signature.algorithm ?? parameters.algorithm ?? "sha256";
  const encoding = signature.encoding ?? parameters.encoding ?? "hex";
  return signature.texts.some((parts) => {
    const digest = signature.isPlainHash ? hashOf(algorithm, key, parts) : digestOf(algorithm, key, parts);
    return signature.signatures.some((text) => encodes(text, encoding, digest));
  });
}

function hashOf(algorithm: Algorithm, key: KeyObject, parts: SignedParts): Buffer {
  const hash = createHash(algorithm).update(key.export());
  for (const part of parts) hash.update(part);
  return hash.digest();
}

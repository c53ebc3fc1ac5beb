/** HMACs over the URL of the request, and fields or headers in a fixed order. */
import { createHash, randomUUID } from "node:crypto";
import type { Cause } from "../receiver.ts";
import type { RequestView } from "../request-view.ts";
import { encodes } from "./bytes.ts";
import { type Rule, type RuleExample, type SignedParts, viewOfExample } from "./rule.ts";

/** Sorting many fields would take long. Real requests have fewer than 100. */
const FIELDS_MAX = 1000;
const HEADER_CHARS_MAX = 8192;

/** Returns the header of a signature, or why it cannot be checked. */
function signatureIn(request: RequestView, name: string): { readonly text: string } | Cause {
  const text = request.header(name);
  if (text === null || text === "") return "missing_signature";
  return text.length > HEADER_CHARS_MAX ? "malformed_signature" : { text };
}

/** Returns the values of each name, sorted by name, or null if there are too many. */
function sortedFields(fields: URLSearchParams): readonly (readonly [string, readonly string[]])[] | null {
  const byName = new Map<string, string[]>();
  let count = 0;
  for (const [name, value] of fields) {
    if (++count > FIELDS_MAX) return null;
    const values = byName.get(name);
    if (values === undefined) byName.set(name, [value]);
    else values.push(value);
  }
  // By UTF-16 code units, as the packages of the providers do.
  return [...byName].sort(([one], [other]) => (one < other ? -1 : 1));
}

const URL_PARTS = /^(https?):\/\/([^/?#]*)(.*)$/is;
const PORT = /:\d+$/;

/** Returns the URL as it is, with its port spelled out, and without a port. */
function withAndWithoutPort(url: string): readonly string[] {
  const [, scheme, authority, rest] = URL_PARTS.exec(url) ?? [];
  if (scheme === undefined || authority === undefined) return [url];
  const host = authority.replace(PORT, "");
  const port = PORT.exec(authority)?.[0] ?? (scheme.toLowerCase() === "https" ? ":443" : ":80");
  return [...new Set([url, `${scheme}://${host}${port}${rest}`, `${scheme}://${host}${rest}`])];
}

function twilioText(request: RequestView): string | null {
  const fields = request.form === null ? [] : sortedFields(request.form);
  if (fields === null) return null;
  return fields
    .map(([name, values]) =>
      [...new Set(values)]
        .sort()
        .map((value) => name + value)
        .join(""),
    )
    .join("");
}

/** The URL does not cover a body that is not a form, so its hash must be in the query. */
function twilioFlaw({ form, body, parameters }: RequestView): Cause | null {
  if (form !== null || body.length === 0) return null;
  const hash = parameters.get("bodySHA256");
  const isRight = hash !== null && encodes(hash, "hex", createHash("sha256").update(body).digest());
  return isRight ? null : "body_hash_mismatch";
}

export const twilio: Rule = {
  read(request) {
    const signature = signatureIn(request, "x-twilio-signature");
    if (typeof signature === "string") return signature;
    const text = twilioText(request);
    if (text === null) return "malformed_signature";
    const texts = withAndWithoutPort(request.url).map((url) => [url + text]);
    return [{ signatures: [signature.text], texts, flaw: twilioFlaw(request) }];
  },
  sign: ({ request, url, digest }) =>
    withHeader(request, "x-twilio-signature", digest([url + twilioText(viewOfExample(request, url))])),
};

function mandrillText(request: RequestView): string | null {
  const fields = request.form === null ? [] : sortedFields(request.form);
  if (fields === null) return null;
  return request.url + fields.map(([name, values]) => values.map((value) => name + value).join("")).join("");
}

export const mandrill: Rule = {
  read(request) {
    const signature = signatureIn(request, "x-mandrill-signature");
    if (typeof signature === "string") return signature;
    const text = mandrillText(request);
    // Only a form is signed, so any other body could be changed.
    const flaw = request.form === null && request.body.length > 0 ? "signature_mismatch" : null;
    return text === null ? "malformed_signature" : [{ signatures: [signature.text], texts: [[text]], flaw }];
  },
  sign: ({ request, url, digest }) =>
    withHeader(request, "x-mandrill-signature", digest([mandrillText(viewOfExample(request, url))!])),
};

/** Returns the URL with its sorted query, then the sorted fields of a form. */
function plivoText(request: RequestView): string | null {
  const query = sortedFields(request.parameters);
  const fields = request.form === null || request.method === "GET" ? [] : sortedFields(request.form);
  if (query === null || fields === null) return null;
  const base = request.url.split("?", 1)[0]!;
  const sortedQuery = query
    .flatMap(([name, values]) => [...values].sort().map((value) => `${name}=${value}`))
    .join("&");
  const sortedForm = fields.flatMap(([name, values]) => [...values].sort().map((value) => name + value)).join("");
  const hasBody = fields.length > 0;
  const mark = sortedQuery !== "" || hasBody ? "?" : "";
  return `${base}${mark}${sortedQuery}${sortedQuery !== "" && hasBody ? "." : ""}${sortedForm}`;
}

const PLIVO = "x-plivo-signature-v3";
const PLIVO_NONCE = "x-plivo-signature-v3-nonce";

export const plivo: Rule = {
  read(request) {
    const signature = signatureIn(request, PLIVO);
    const nonce = signatureIn(request, PLIVO_NONCE);
    if (typeof signature === "string") return signature;
    if (typeof nonce === "string") return nonce;
    const text = plivoText(request);
    if (text === null) return "malformed_signature";
    const signatures = signature.text.split(",").map((one) => one.trim());
    const flaw = request.form === null && request.body.length > 0 ? "signature_mismatch" : null;
    return [{ signatures, texts: [[`${text}.${nonce.text}`]], flaw }];
  },
  sign: ({ request, url, digest }) => {
    const nonce = randomUUID();
    const text = plivoText(viewOfExample(request, url))!;
    return withHeader(withHeader(request, PLIVO_NONCE, nonce), PLIVO, digest([`${text}.${nonce}`]));
  },
};

const CONTENTFUL = "x-contentful-signature";
const CONTENTFUL_NAMES = "x-contentful-signed-headers";
const CONTENTFUL_TIME = "x-contentful-timestamp";
const CONTENTFUL_NAMES_MAX = 64;
const URL_ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i;

/** Returns the canonical form of a request with these headers, or null if a header is missing. */
function contentfulParts(request: RequestView, names: readonly string[]): SignedParts | null {
  const values = names.map((name) => request.header(name));
  if (values.includes(null)) return null;
  const headers = names.map((name, index) => `${name}:${values[index]!.trim()}`).join(";");
  const [path = "", query = ""] = request.url.replace(URL_ORIGIN, "").toWellFormed().split("?");
  const target = encodeURI(query === "" ? path || "/" : `${path || "/"}?${encodeURIComponent(query)}`);
  return [`${request.method}\n${target}\n${headers}\n`, request.body];
}

export const contentful: Rule = {
  read(request) {
    const signature = signatureIn(request, CONTENTFUL);
    const list = signatureIn(request, CONTENTFUL_NAMES);
    const time = request.header(CONTENTFUL_TIME);
    if (typeof signature === "string") return signature;
    if (typeof list === "string") return list;
    if (time === null || time === "") return "missing_timestamp";
    const names = [...new Set(list.text.split(",").map((name) => name.trim().toLowerCase()))].sort();
    const isListSigned = names.includes(CONTENTFUL_NAMES) && names.includes(CONTENTFUL_TIME);
    if (!isListSigned || names.length > CONTENTFUL_NAMES_MAX) return "malformed_signature";
    const parts = contentfulParts(request, names);
    return parts === null ? "signature_mismatch" : [{ signatures: [signature.text], texts: [parts], time }];
  },
  sign: ({ request, url, digest, time }) => {
    const headers: Readonly<Record<string, string>> = { ...request.headers, [CONTENTFUL_TIME]: time };
    const names = [...Object.keys(headers).map((name) => name.toLowerCase()), CONTENTFUL_NAMES].sort();
    const complete = withHeader({ ...request, headers }, CONTENTFUL_NAMES, names.join(","));
    return withHeader(complete, CONTENTFUL, digest(contentfulParts(viewOfExample(complete, url), names)!));
  },
};

const HUBSPOT = "x-hubspot-signature-v3";
const HUBSPOT_TIME = "x-hubspot-request-timestamp";

function hubspotParts({ method, url, body }: Pick<RequestView, "method" | "url" | "body">, time: string): SignedParts {
  return [method + url, body, time];
}

/** Version 3 is an HMAC with a time; the versions before are a plain hash with the secret in front. */
export const hubspot: Rule = {
  read(request) {
    if (request.header(HUBSPOT) === null) return hubspotLegacy(request);
    const signature = signatureIn(request, HUBSPOT);
    const time = request.header(HUBSPOT_TIME);
    if (typeof signature === "string") return signature;
    if (time === null || time === "") return "missing_timestamp";
    return [{ signatures: [signature.text], texts: [hubspotParts(request, time)], time }];
  },
  sign: (example: RuleExample) => {
    const { request, url, digest, time } = example;
    const signature = digest(hubspotParts({ method: request.method, url, body: request.body }, time));
    return withHeader(withHeader(request, HUBSPOT_TIME, time), HUBSPOT, signature);
  },
};

function hubspotLegacy(request: RequestView): ReturnType<Rule["read"]> {
  const signature = signatureIn(request, "x-hubspot-signature");
  if (typeof signature === "string") return signature;
  const version = request.header("x-hubspot-signature-version") ?? "v1";
  if (version !== "v1" && version !== "v2") return "algorithm_not_allowed";
  const parts: SignedParts = version === "v1" ? [request.body] : [request.method + request.url, request.body];
  return [{ signatures: [signature.text], texts: [parts], encoding: "hex", isPlainHash: true }];
}

function withHeader<T extends { readonly headers: Readonly<Record<string, string>> }>(
  request: T,
  name: string,
  value: string,
): T {
  return { ...request, headers: { ...request.headers, [name]: value } };
}

/** HMACs over chosen fields. The signature itself is often in the body. */
import { randomUUID } from "node:crypto";
import { exceedsDepth } from "../../core/json.ts";
import type { RequestView } from "../request-view.ts";
import { type Rule, type RuleSignature, viewOfExample } from "./rule.ts";
import { configText } from "./scheme.ts";
import type { Algorithm } from "./signature-format.ts";

type Json = Readonly<Record<string, unknown>>;

const HEADER_CHARS_MAX = 8192;

function objectOf(value: unknown): Json {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

function jsonOf(bytes: Uint8Array): Json {
  return objectOf(JSON.parse(Buffer.from(bytes).toString()));
}

function bytesOf(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

/** Returns a text, or the text of a number or truth value; null for anything else. */
function textOf(value: unknown): string | null {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : null;
}

/** Returns the items of a notification; an item that is not as documented is empty. */
function adyenItems(body: Json): readonly Json[] {
  const list = Array.isArray(body.notificationItems) ? body.notificationItems : [];
  return list.map((item: unknown) => objectOf(objectOf(item).NotificationRequestItem));
}

/** Missing fields are empty. The package does not escape colons. */
function adyenText(item: Json): string {
  const amount = objectOf(item.amount);
  const { pspReference, originalReference, merchantAccountCode, merchantReference, eventCode, success } = item;
  const before = [pspReference, originalReference, merchantAccountCode, merchantReference];
  return [...before, amount.value, amount.currency, eventCode, success].map((value) => textOf(value) ?? "").join(":");
}

export const adyen: Rule = {
  read(request) {
    const signatures: RuleSignature[] = [];
    for (const item of adyenItems(objectOf(request.json()))) {
      const { hmacSignature } = objectOf(item.additionalData);
      if (typeof hmacSignature !== "string" || hmacSignature === "") return "missing_signature";
      signatures.push({ signatures: [hmacSignature], texts: [[adyenText(item)]] });
    }
    return signatures;
  },
  sign: ({ request, digest }) => {
    const body = jsonOf(request.body);
    const notificationItems = adyenItems(body).map((item) => {
      const additionalData = { ...objectOf(item.additionalData), hmacSignature: digest([adyenText(item)]) };
      return { NotificationRequestItem: { ...item, additionalData } };
    });
    return { ...request, body: bytesOf({ ...body, notificationItems }) };
  },
};

export const braintree: Rule = {
  read(request, config) {
    const [list, payload] = [request.field("bt_signature"), request.field("bt_payload")];
    if (!list || payload === null) return "missing_signature";
    if (list.length > HEADER_CHARS_MAX) return "malformed_signature";
    const pairs = list.split("&").filter((pair) => pair.includes("|"));
    if (pairs.length === 0) return "malformed_signature";
    const publicKey = configText(config, "publicKey");
    const signatures = pairs.flatMap((pair) => {
      const bar = pair.indexOf("|");
      return pair.slice(0, bar) === publicKey ? [pair.slice(bar + 1)] : [];
    });
    return signatures.length === 0 ? "unknown_key" : [{ signatures, texts: [[payload], [`${payload}\n`]] }];
  },
  sign: ({ request, url, digest, config }) => {
    const payload = viewOfExample(request, url).field("bt_payload") ?? "";
    const signature = `${configText(config, "publicKey") ?? ""}|${digest([payload])}`;
    const body = new URLSearchParams({ bt_signature: signature, bt_payload: payload }).toString();
    return { ...request, body: Buffer.from(body) };
  },
};

/** `id:…;request-id:…;ts:…;`. Parts that the request does not have are left out. */
function mercadoPagoText(id: string | null, requestId: string | null, time: string): string {
  return `${id ? `id:${id};` : ""}${requestId ? `request-id:${requestId};` : ""}ts:${time};`;
}

export const mercadoPago: Rule = {
  read(request) {
    const value = request.header("x-signature");
    if (value === null || value === "") return "missing_signature";
    if (value.length > HEADER_CHARS_MAX) return "malformed_signature";
    const pairs = new Map(
      value.split(",").map((pair) => {
        const [name = "", text = ""] = pair.split("=", 2);
        return [name.trim(), text.trim()] as const;
      }),
    );
    const [time, signature] = [pairs.get("ts"), pairs.get("v1")];
    if (!signature) return pairs.has("ts") ? "missing_signature" : "malformed_signature";
    if (!time) return "missing_timestamp";
    // The documents ask for lower case, and the package takes the id as it is.
    const id = request.parameters.get("data.id");
    const ids = new Set([id, id?.toLowerCase() ?? null]);
    const texts = [...ids].map((one) => [mercadoPagoText(one, request.header("x-request-id"), time)]);
    return [{ signatures: [signature], texts, time }];
  },
  sign: ({ request, digest, time }) => {
    const requestId = randomUUID();
    const text = mercadoPagoText(new URLSearchParams(request.query).get("data.id"), requestId, time);
    const headers = { "x-request-id": requestId, "x-signature": `ts=${time},v1=${digest([text])}` };
    return { ...request, headers: { ...request.headers, ...headers } };
  },
};

/** Only the time and a random token are signed. */
export const mailgun: Rule = {
  read(request) {
    const { signature, timestamp, token } = objectOf(objectOf(request.json()).signature);
    const time = textOf(timestamp);
    if (typeof signature !== "string" || signature === "" || typeof token !== "string") return "missing_signature";
    if (time === null || time === "") return "missing_timestamp";
    return [{ signatures: [signature], texts: [[time + token]], time }];
  },
  sign: ({ request, digest, time: timestamp }) => {
    const token = randomUUID();
    const signature = { token, timestamp, signature: digest([timestamp + token]) };
    return { ...request, body: bytesOf({ ...jsonOf(request.body), signature }) };
  },
};

/** Only the time and the type of the event are signed. */
export const dropboxSign: Rule = {
  read(request) {
    const { event_hash, event_time, event_type } = objectOf(fieldAsJson(request, "json").event);
    const [time, type] = [textOf(event_time), textOf(event_type)];
    if (typeof event_hash !== "string" || event_hash === "") return "missing_signature";
    if (time === null || type === null) return "missing_timestamp";
    return [{ signatures: [event_hash], texts: [[time + type]], time }];
  },
  sign: ({ request, url, digest, time: event_time }) => {
    const json = fieldAsJson(viewOfExample(request, url), "json");
    const event = objectOf(json.event);
    const event_hash = digest([`${event_time}${textOf(event.event_type) ?? ""}`]);
    return withMultipart(request, { json: JSON.stringify({ ...json, event: { ...event, event_time, event_hash } }) });
  },
};

function fieldAsJson(request: RequestView, name: string): Json {
  const text = request.field(name);
  return text === null ? {} : objectOf(parsedField(text));
}

/** Returns undefined for a text that is not JSON. */
function parsedField(text: string): unknown {
  // `JSON.parse` recurses.
  if (exceedsDepth(Buffer.from(text))) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const TRANSLOADIT = /^(sha1|sha256|sha384|sha512):(.*)$/s;

export const transloadit: Rule = {
  read(request) {
    const [signed, value] = [request.field("transloadit"), request.field("signature")];
    if (!value) return "missing_signature";
    if (signed === null || value.length > HEADER_CHARS_MAX) return "malformed_signature";
    const [, algorithm = "sha1", signature = value] = TRANSLOADIT.exec(value) ?? [];
    return [{ signatures: [signature], texts: [[signed]], algorithm: algorithm as Algorithm }];
  },
  sign: ({ request, url, digest }) => {
    const signed = viewOfExample(request, url).field("transloadit") ?? "{}";
    return withMultipart(request, { transloadit: signed, signature: `sha384:${digest([signed])}` });
  },
};

const BOUNDARY = "----example-boundary";

function withMultipart<T extends { readonly headers: Readonly<Record<string, string>>; readonly body: Uint8Array }>(
  request: T,
  fields: Readonly<Record<string, string>>,
): T {
  const parts = Object.entries(fields).map(
    ([name, value]) => `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  const headers = { ...request.headers, "content-type": `multipart/form-data; boundary=${BOUNDARY}` };
  return { ...request, headers, body: Buffer.from(`${parts.join("")}--${BOUNDARY}--\r\n`) };
}

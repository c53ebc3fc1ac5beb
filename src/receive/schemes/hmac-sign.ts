import { type KeyObject, randomUUID } from "node:crypto";
import type { ExampleRequest } from "../receiver.ts";
import { digestOf } from "./bytes.ts";
import type { Hmac } from "./hmac-parameters.ts";
import { formatSignature } from "./signature-format.ts";
import { fill } from "./template.ts";
import { formatTime } from "./time.ts";

/** Returns a copy of a request that is signed as the provider signs. */
export function signHmac(
  hmac: Hmac,
  key: KeyObject,
  request: ExampleRequest,
  url: string,
  nowSeconds: number,
): ExampleRequest {
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
  const signature = digestOf(hmac.algorithm, key, fill(template, view, body, at) ?? []).toString(hmac.encoding);
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

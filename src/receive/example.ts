/** Builds requests that a provider could have sent, without a signature. */
import { randomInt, randomUUID } from "node:crypto";
import { type Sample, samples } from "./example-data.ts";
import { readKey, tableExpression } from "./expression.ts";
import type { Step, Term } from "./expression-parser.ts";
import type { Provider } from "./provider.ts";
import type { ExampleRequest } from "./receiver.ts";

/** A request while it is filled in. */
interface Draft {
  readonly sample: Sample;
  readonly headers: Record<string, string>;
  form: Record<string, string> | null;
  body: unknown;
}

/** Stands before a text that is sent in base64. */
const BASE64 = "base64:";
const BOUNDARY = "----boathook";

const anySample: Sample = { event: "example.created", body: { created_at: "{iso}", data: { id: "{id}" } } };

/**
 * Returns a new request on every call: its delivery id and its body are never those of an earlier
 * one. `eventType` null means the provider's most common one.
 */
export function exampleRequest(provider: Provider, eventType: string | null, nowSeconds: number): ExampleRequest {
  const sample = Object.hasOwn(samples, provider.id) ? samples[provider.id]! : anySample;
  const fill = filler(nowSeconds);
  const fillTexts = (texts: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, String(fill(text))]));
  const draft: Draft = {
    sample,
    headers: fillTexts(lowerCased(sample.headers ?? {})),
    form: sample.form === undefined ? null : fillTexts(sample.form),
    body: fill(sample.body ?? anySample.body),
  };
  const event = eventType ?? sample.event;
  if (provider.eventType !== null && event !== null) write(draft, provider.eventType, event);
  if (provider.deliveryId !== null && !hasKey(draft, provider.deliveryId)) {
    write(draft, provider.deliveryId, randomUUID());
  }
  const query = String(fill(sample.query ?? ""));
  return { method: "POST", headers: withContentType(draft), query, body: bytesOf(draft) };
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

/** Returns a function that copies a value and fills in its placeholders. */
function filler(nowSeconds: number): (value: unknown) => unknown {
  const ms = Math.trunc(nowSeconds * 1000);
  const texts: Readonly<Record<string, () => string>> = {
    id: () => randomUUID().replaceAll("-", "").slice(0, 24),
    iso: () => new Date(ms).toISOString(),
    unix: () => String(Math.trunc(nowSeconds)),
    ms: () => String(ms),
    int: () => String(randomInt(1_000_000, 2 ** 47)),
  };
  const fill = (value: unknown): unknown => {
    if (typeof value === "string") {
      const text = value.replace(/\{(id|iso|unix|ms|int)\}/g, (_, name: string) => texts[name]!());
      if (text.startsWith(BASE64)) return Buffer.from(text.slice(BASE64.length)).toString("base64");
      return /^\{(unix|ms|int)\}$/.test(value) ? Number(text) : text;
    }
    if (Array.isArray(value)) return value.map(fill);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, child]) => [name, fill(child)]));
  };
  return fill;
}

function hasKey({ headers, form, body }: Draft, expression: string): boolean {
  const input = {
    headers,
    text: "",
    json: () => (form === null ? body : undefined),
    mayHaveMember: () => true,
    field: (name: string) => form?.[name] ?? null,
  };
  return readKey(tableExpression(expression), input) !== null;
}

/**
 * Writes a value to where an expression reads it. Of several joined terms, each but the last gets
 * the text up to the next dot.
 */
function write(draft: Draft, expression: string, value: string): void {
  const [terms] = tableExpression(expression).alternatives.filter((alternative) => isWritable(alternative, draft));
  let rest: string | null = value;
  for (const [index, term] of (terms ?? []).entries()) {
    if (rest === null) return;
    const dot: number = index < terms!.length - 1 ? rest.indexOf(".") : -1;
    writeTerm(draft, term, dot < 0 ? rest : rest.slice(0, dot));
    rest = dot < 0 ? null : rest.slice(dot + 1);
  }
}

/** A form has no JSON paths, JSON has no fields, and a body stays the list or the object that it is. */
function isWritable(terms: readonly Term[], { form, body }: Draft): boolean {
  return terms.every((term) => {
    if (term.kind === "header") return true;
    if (term.kind === "field" || form !== null) return term.kind === "field" && form !== null;
    const [first] = term.kind === "path" ? term.steps : [];
    return first === undefined || Array.isArray(body) === (first === "*" || "index" in first);
  });
}

function writeTerm(draft: Draft, term: Term, value: string): void {
  if (term.kind === "header") draft.headers[term.name] = value;
  else if (term.kind === "path") draft.body = withValue(draft.body, term.steps, value);
  else if (term.kind === "otherKey") draft.body = { ...(draft.body as object), [value]: [{ id: randomUUID() }] };
  else if (term.kind === "field") {
    const { name, steps } = term;
    const before = draft.form?.[name];
    const after = steps.length === 0 ? value : JSON.stringify(withValue(JSON.parse(before ?? "null"), steps, value));
    draft.form = { ...draft.form, [name]: after };
  }
}

/** Returns a copy in which the value stands at a path; lists and objects on the way are made. */
function withValue(root: unknown, [step, ...rest]: readonly Step[], value: string): unknown {
  if (step === undefined) return value;
  if (step === "*" || "index" in step) {
    const list = Array.isArray(root) ? [...root] : [];
    const index = step === "*" ? 0 : step.index;
    list[index] = withValue(list[index], rest, value);
    return list;
  }
  const object = typeof root === "object" && root !== null && !Array.isArray(root) ? root : {};
  return { ...object, [step.member]: withValue((object as Record<string, unknown>)[step.member], rest, value) };
}

function withContentType({ sample, headers, form, body }: Draft): Record<string, string> {
  if (headers["content-type"] !== undefined || body === "") return headers;
  const formType =
    sample.isMultipart === true ? `multipart/form-data; boundary=${BOUNDARY}` : "application/x-www-form-urlencoded";
  return { ...headers, "content-type": form === null ? "application/json" : formType };
}

function bytesOf({ sample, form, body }: Draft): Uint8Array {
  if (form === null) return Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
  if (sample.isMultipart !== true) return Buffer.from(new URLSearchParams(form).toString());
  const parts = Object.entries(form).map(
    ([name, value]) => `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  return Buffer.from(`${parts.join("")}--${BOUNDARY}--\r\n`);
}

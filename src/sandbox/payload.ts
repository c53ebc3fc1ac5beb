import { isJson, utf8OrNull } from "../core/text.ts";
import type {
  HostedCall,
  HostedResult,
  SandboxCall,
  SandboxPayload,
  SandboxProblem,
  SandboxResult,
} from "./sandbox.ts";

/** Maximum length of what a result contains besides its payload, as JSON text. */
const REST_CHARS_MAX = 256 * 1024;

/**
 * Runs a call with a payload. The payload becomes a field of the argument before the call, and is
 * taken out of the result after it. Runs on the thread of the sandbox, because both take long for
 * large payloads.
 */
export function withPayload(
  { payload, ...call }: (SandboxCall | HostedCall) & { readonly payload: SandboxPayload },
  run: (call: SandboxCall | HostedCall) => HostedResult,
): HostedResult {
  const before = fieldText(payload);
  if (before === null) return failed("The payload is not UTF-8.");
  const rest = (call.argument ?? "{}").slice(0, -1);
  const comma = rest === "{" ? "" : ",";
  const argument = `${rest}${comma}${JSON.stringify(payload.field)}:${before}}`;
  const result = run({ ...call, argument });
  return result.kind !== "returned" || result.json === null || payload.isArgumentOnly
    ? result
    : withoutPayload(result.json, before, payload, result);
}

/** Returns the JSON text of the field, or null if the bytes are no text. */
function fieldText({ bytes, form }: SandboxPayload): string | null {
  const text = utf8OrNull(bytes);
  if (text === null) return null;
  return form === "json" && isJson(text) ? text : JSON.stringify(text);
}

function withoutPayload(
  json: string,
  before: string,
  { field, form }: SandboxPayload,
  { logs }: Pick<SandboxResult, "logs">,
): SandboxResult {
  const value = JSON.parse(json) as unknown;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return { kind: "returned", json, logs };
  const { [field]: after, ...others } = value as Record<string, unknown>;
  const rest = JSON.stringify(others);
  if (rest.length > REST_CHARS_MAX) {
    return failed(`The result without its ${field} has more than ${REST_CHARS_MAX} characters.`, logs);
  }
  return { kind: "returned", json: rest, payload: payloadAfter(after, before, form), logs };
}

function payloadAfter(
  after: unknown,
  before: string,
  form: SandboxPayload["form"],
): Uint8Array | "unchanged" | "invalid" {
  if (after === undefined || (form === "text" && typeof after !== "string")) return "invalid";
  const text = JSON.stringify(after);
  // JavaScript changes `1.0` and large integers, so both texts are compared in its form.
  if (text === before || text === JSON.stringify(JSON.parse(before))) return "unchanged";
  return new TextEncoder().encode(typeof after === "string" ? after : text);
}

function failed(message: string, logs: readonly string[] = []): SandboxProblem {
  return { kind: "failed", cause: "exception", message, line: null, column: null, logs };
}

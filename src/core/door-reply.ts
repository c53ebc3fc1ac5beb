import type { DoorReply } from "./received.ts";
import { headerNamePattern } from "./rule.ts";

const BODY_BYTES_MAX = 16 * 1024;
const HEADERS_MAX = 50;
const HEADERS_BYTES_MAX = 8 * 1024;
/** Statuses whose responses have no body (RFC 9110, 15.3.5 and 15.3.6). */
const BODILESS: ReadonlySet<number> = new Set([204, 205]);

/**
 * Headers that belong to the connection or the framing, that must not reach a sender, or that would
 * change how a browser treats the admin page, which has the same origin.
 */
const REFUSED: ReadonlySet<string> = new Set([
  "clear-site-data",
  "connection",
  "content-length",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "refresh",
  "service-worker-allowed",
  "set-cookie",
  "strict-transport-security",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** An error in a field of a response. `path` is empty if the response as a whole is wrong. */
export interface ReplyProblem {
  readonly path: readonly string[];
  readonly msg: string;
}

/**
 * Returns the response to the sender that a user has configured, with defaults for absent fields, or
 * the errors in it. Unknown fields are ignored.
 */
export function parseDoorReply(input: Readonly<Record<string, unknown>>): DoorReply | readonly ReplyProblem[] {
  const { status = 200, headers = {}, body = "" } = withoutNulls(input);
  const problems: ReplyProblem[] = [];
  if (typeof status !== "number" || !Number.isInteger(status) || status < 200 || status > 299) {
    problems.push({ path: ["status"], msg: "Must be an integer from 200 to 299." });
  }
  problems.push(...headersProblems(headers));
  const bodyMsg = bodyProblem(body, status);
  if (bodyMsg !== null) problems.push({ path: ["body"], msg: bodyMsg });
  return problems.length > 0 ? problems : ({ status, headers, body } as DoorReply);
}

export function isReply(parsed: DoorReply | readonly ReplyProblem[]): parsed is DoorReply {
  return !Array.isArray(parsed);
}

function withoutNulls(input: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== null));
}

function bodyProblem(body: unknown, status: unknown): string | null {
  if (typeof body !== "string" || !body.isWellFormed()) return "Must be a string in well-formed Unicode.";
  const bytes = Buffer.byteLength(body);
  if (bytes > BODY_BYTES_MAX) return `Must be at most ${BODY_BYTES_MAX} bytes, but is ${bytes}.`;
  return body !== "" && BODILESS.has(status as number) ? `A response with the status ${status} has no body.` : null;
}

function headersProblems(headers: unknown): ReplyProblem[] {
  if (typeof headers !== "object" || headers === null || Array.isArray(headers)) {
    return [{ path: ["headers"], msg: "Must be an object of texts." }];
  }
  const entries = Object.entries(headers);
  const seen = new Set<string>();
  let bytes = 0;
  for (const [name, value] of entries) {
    const lower = name.toLowerCase();
    const msg = seen.has(lower) ? `The header ${name} appears more than once.` : headerProblem(name, value);
    if (msg !== null) return [{ path: ["headers", name], msg }];
    seen.add(lower);
    bytes += name.length + (value as string).length;
  }
  const isTooLarge = entries.length > HEADERS_MAX || bytes > HEADERS_BYTES_MAX;
  const msg = `Must have at most ${HEADERS_MAX} headers with ${HEADERS_BYTES_MAX} bytes in total.`;
  return isTooLarge ? [{ path: ["headers"], msg }] : [];
}

function headerProblem(name: string, value: unknown): string | null {
  if (!headerNamePattern.test(name)) return "Must be a valid header name.";
  if (REFUSED.has(name.toLowerCase())) return `The header ${name} cannot be set.`;
  if (typeof value !== "string") return "Must be a string.";
  return /^[\t\x20-\x7e]*$/.test(value) ? null : "Only printable ASCII characters are allowed.";
}

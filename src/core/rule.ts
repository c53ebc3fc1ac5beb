/**
 * Validation rules for the values of API fields. Each rule returns null if the value is valid,
 * otherwise the error message. The limits are those of the Svix API unless a comment says
 * otherwise.
 */
import type { IdPrefix } from "./id.ts";

export const nameCharsMax = 256;
export const metadataBytesMax = 4096;
/**
 * Maximum number of entries. An object with more entries always exceeds `metadataBytesMax`, so it
 * is rejected without measuring its size.
 */
export const metadataEntriesMax = 1000;
/**
 * Maximum size of an event type's JSON Schema, as JSON, in bytes. Compiling a schema of this size
 * takes about 0.4 s and 100 MB.
 */
export const schemaBytesMax = 128 * 1024;
const headerValueBytesMax = 4096;
/** Maximum length of a URL, in characters. */
export const urlCharsMax = 65_536;
/** Maximum length of an `idempotency-key`, in characters. This is our own limit. */
export const idempotencyKeyCharsMax = 256;

const namePattern = /^[a-zA-Z0-9\-_.]+$/;
const channelPattern = /^[a-zA-Z0-9\-_.:+]+$/;

/**
 * Validates a uid, which is the caller's own id for an object. It must not look like a generated
 * id, because a path may contain either.
 */
export function uidProblem(uid: string, idPrefix: IdPrefix): string | null {
  if (uid.startsWith(idPrefix)) return "Uids are not allowed to have the same prefix as the ID. Prefix with _?";
  return dotsProblem(uid) ?? namedProblem(uid, namePattern, "a-z, A-Z, 0-9, -, _ and .");
}

export function eventTypeNameProblem(name: string): string | null {
  return dotsProblem(name) ?? namedProblem(name, namePattern, "a-z, A-Z, 0-9, -, _ and .");
}

/**
 * Rejects names that cannot be used in a path. URL parsers remove the segments `.` and `..`, even
 * if they are percent-encoded (WHATWG URL, "path state"). A request for such a name would reach its
 * parent: `DELETE /app/acme/endpoint/..` would delete the application.
 */
export function dotsProblem(name: string): string | null {
  return name === "." || name === ".." ? `A name must not be ${name}, because it is used in paths.` : null;
}

/**
 * Validates a channel name. Like the hosted Svix, but unlike its open-source server, this also
 * allows `:` and `+`.
 */
export function channelProblem(channel: string): string | null {
  return namedProblem(channel, channelPattern, "a-z, A-Z, 0-9, -, _, ., : and +");
}

function namedProblem(text: string, pattern: RegExp, characters: string): string | null {
  if (text.length < 1 || text.length > nameCharsMax) return `Must be 1 to ${nameCharsMax} characters long.`;
  return pattern.test(text) ? null : `Only the characters ${characters} are allowed.`;
}

export const notWellFormed = "Must be well-formed Unicode without lone surrogates.";

/**
 * Rejects lone surrogates, which JSON can express as `"\ud800"`. No encoding can represent them, so
 * the text could be neither stored nor sent unchanged, and different texts would become equal.
 */
export function unicodeProblem(text: string): string | null {
  return text.isWellFormed() ? null : notWellFormed;
}

/** Validates names and descriptions. */
export function textProblem(text: string): string | null {
  if (!text.isWellFormed()) return notWellFormed;
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) <= 0x08) return "Control characters 0x00 to 0x08 are not allowed.";
  }
  return null;
}

export function choiceProblem(word: string, words: readonly string[]): string | null {
  return words.includes(word) ? null : `Must be one of: ${words.join(", ")}.`;
}

export function metadataProblem(metadata: Readonly<Record<string, string>>): string | null {
  if (
    !Object.entries(metadata)
      .flat()
      .every((text) => text.isWellFormed())
  )
    return notWellFormed;
  const bytes = Buffer.byteLength(JSON.stringify(metadata));
  return bytes <= metadataBytesMax ? null : `Must be at most ${metadataBytesMax} bytes as JSON, but is ${bytes}.`;
}

/** Headers, in lower case, that belong to the connection, to the body or to the sender. */
const forbiddenHeaders: ReadonlySet<string> = new Set([
  "age",
  "cache-control",
  "clear-site-data",
  "content-encoding",
  "content-language",
  "content-length",
  "content-location",
  "content-type",
  "expires",
  "keep-alive",
  "pragma",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailers",
  "transfer-encoding",
  "upgrade",
  "user-agent",
  "warning",
  // This is stricter than the Svix API: these headers would change the request's destination or
  // framing.
  "connection",
  "expect",
  "host",
  "proxy-connection",
  "trailer",
]);

const forbiddenHeaderPrefixes = [
  "x-amz-",
  "x-amzn-",
  "x-google",
  "x-goog-",
  "x-gfe",
  "x-azure-",
  "x-fd-",
  "x-svix-",
  "svix-",
  // This is stricter than the Svix API: a custom header must not replace the signature.
  "webhook-",
];

/** Matches the name of a header: a token (RFC 9110, 5.6.2). */
export const headerNamePattern = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const headerValuePattern = /^[\t\x20-\x7e]*$/;

/**
 * Validates the name of a custom header for deliveries: a token (RFC 9110, 5.6.2) that is not one
 * of the server's own headers.
 */
export function headerNameProblem(name: string): string | null {
  if (name.length > nameCharsMax || !headerNamePattern.test(name)) return "Must be a valid header name.";
  const lower = name.toLowerCase();
  if (forbiddenHeaders.has(lower) || forbiddenHeaderPrefixes.some((prefix) => lower.startsWith(prefix))) {
    return `The header ${name} cannot be set.`;
  }
  return null;
}

/**
 * Validates a header value: ASCII without control characters, so that no value can start another
 * header.
 */
export function headerValueProblem(value: string): string | null {
  if (value.length > headerValueBytesMax) return `Must be at most ${headerValueBytesMax} bytes long.`;
  return headerValuePattern.test(value) ? null : "Only printable ASCII characters are allowed.";
}

/** Our own limit: more headers than any service needs. */
export const headersMax = 100;
/** Our own limit: common servers reject requests with more than 16 KiB of headers. */
export const headersBytesMax = 16 * 1024;

/**
 * Validates an endpoint's headers for deliveries; null removes a header. Names are
 * case-insensitive.
 */
export function headersProblem(headers: Readonly<Record<string, string | null>>): string | null {
  return problemOfEach(headers, headerProblem) ?? headersSizeProblem(headers);
}

/** Validates the headers of one message, which may also set the content type of its payload. */
export function messageHeadersProblem(headers: Readonly<Record<string, string>>): string | null {
  return problemOfEach(headers, messageHeaderProblem) ?? headersSizeProblem(headers);
}

/** Validates the number of headers and their total size. */
export function headersSizeProblem(headers: Readonly<Record<string, string | null>>): string | null {
  const entries = Object.entries(headers);
  if (entries.length > headersMax) return `Must have at most ${headersMax} headers.`;
  const bytes = entries.reduce((sum, [name, value]) => sum + name.length + (value?.length ?? 0), 0);
  return bytes > headersBytesMax ? `Headers must total at most ${headersBytesMax} bytes, but total ${bytes}.` : null;
}

function problemOfEach<Value>(
  headers: Readonly<Record<string, Value>>,
  problemOf: (name: string, value: Value) => string | null,
): string | null {
  const seen = new Set<string>();
  for (const [name, value] of Object.entries(headers)) {
    const problem = problemOf(name, value);
    if (problem !== null) return problem;
    if (seen.has(name.toLowerCase())) return `The header ${name} appears more than once.`;
    seen.add(name.toLowerCase());
  }
  return null;
}

function headerProblem(name: string, value: string | null): string | null {
  return headerNameProblem(name) ?? (value === null ? null : headerValueProblem(value));
}

function messageHeaderProblem(name: string, value: string): string | null {
  if (name.toLowerCase() !== "content-type") return headerProblem(name, value);
  return (
    headerValueProblem(value) ?? (mediaTypePattern.test(value) ? null : `The header ${name} is not a valid media type.`)
  );
}

/** Validates the value of a `content-type` header. */
export function mediaTypeProblem(value: string): string | null {
  const problem = headerValueProblem(value);
  return problem ?? (mediaTypePattern.test(value) ? null : "Must be a media type such as application/json.");
}

const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const QUOTED = '"(?:[\\t\\x20\\x21\\x23-\\x5b\\x5d-\\x7e]|\\\\[\\t\\x20-\\x7e])*"';
/**
 * Matches a media type (RFC 9110, 8.3.1). A semicolon without a parameter is common and harmless
 * (5.6.6).
 */
const mediaTypePattern = new RegExp(
  `^${TOKEN}/${TOKEN}(?:[\\t ]*;(?:[\\t ]*${TOKEN}=(?:${TOKEN}|${QUOTED}))?)*[\\t ]*$`,
);

/**
 * Validates and normalizes an endpoint's URL as defined by the WHATWG URL standard
 * (`http://Example.com` becomes `http://example.com/`). User and password are kept and sent as
 * Basic authorization. Whether the host may be reached is checked at each attempt.
 */
export function normalizeUrl(text: string, httpsOnly: boolean): { url: string } | { problem: string } {
  const parsed = text.isWellFormed() ? URL.parse(text) : null;
  if (parsed === null || parsed.hostname === "") return { problem: "Must be a valid URL." };
  if (parsed.protocol !== "https:" && parsed.protocol !== "http:") return { problem: "Must be an http or https URL." };
  if (httpsOnly && parsed.protocol !== "https:") return { problem: "Must be an https URL." };
  if (parsed.href.length > urlCharsMax) return { problem: `Must be at most ${urlCharsMax} characters long.` };
  return { url: parsed.href };
}

import { base64Of, textOf } from "./bytes.ts";

/** A request that was received or sent. */
export interface CurlRequest {
  readonly method: string;
  /** The URL of the source or of the receiver, without what followed it in the request. */
  readonly url: string;
  /** What followed the URL, with the query; `/` if nothing. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** Headers that curl sets itself, or that belong to the connection. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  "host",
  "content-length",
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "te",
  "trailer",
  "upgrade",
  "expect",
  "accept-encoding",
]);
const REDACTED = "[redacted]";
/** Maximum size of a body in an argument. Linux allows 128 KiB. */
const ARGUMENT_BYTES_MAX = 64 * 1024;
const END = "END_OF_BODY";

/**
 * Returns a command for a POSIX shell that sends a request again. Senders choose every part of a
 * request, so each part is quoted, and a body that a terminal could interpret is in base64.
 */
export function curlCommand({ method, url, path, headers, body }: CurlRequest): string {
  const whole = path === "/" ? url : url + path;
  const first = method === "HEAD" ? "curl --head" : `curl --request ${quoted(method)}`;
  const parts = [`${first} --globoff --path-as-is --url ${quoted(whole)}`, ...headerArguments(headers, body)];
  const text = body.length <= ARGUMENT_BYTES_MAX ? pastableText(body) : null;
  if (body.length === 0) return parts.join(LINE);
  if (text !== null) return [...parts, `--data-raw ${quoted(text)}`].join(LINE);
  const command = [`base64 -d <<'${END}' | ${parts[0]}`, ...parts.slice(1), "--data-binary @-"].join(LINE);
  return `${command}\n${wrapped(base64Of(body))}\n${END}`;
}

/** Returns a body as text, or null if pasting the text into a terminal could change it. */
function pastableText(body: Uint8Array<ArrayBuffer>): string | null {
  const text = textOf(body);
  return text === null || /[\r\t]/.test(text) ? null : text;
}

const LINE = " \\\n  ";

function headerArguments(headers: CurlRequest["headers"], body: Uint8Array): readonly string[] {
  const sent = Object.entries(headers).filter(
    ([name, value]) => !LEFT_OUT.has(name.toLowerCase()) && value !== REDACTED && isHeader(name, value),
  );
  const lines = sent.map(([name, value]) => `--header ${quoted(value === "" ? `${name};` : `${name}: ${value}`)}`);
  const hasType = sent.some(([name]) => name.toLowerCase() === "content-type");
  // Without this, curl adds the content type of a form.
  return body.length > 0 && !hasType ? [...lines, "--header 'Content-Type:'"] : lines;
}

function isHeader(name: string, value: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
  return /^[\w!#$%&'*+.^`|~-]+$/.test(name) && !/[\0-\x08\x0a-\x1f\x7f-\x9f]/.test(value);
}

/** Quotes a text for a POSIX shell. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function wrapped(base64: string): string {
  return base64.replace(/.{76}(?=.)/g, "$&\n");
}

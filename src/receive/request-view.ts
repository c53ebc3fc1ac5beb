import { exceedsDepth } from "../core/json.ts";
import type { ExpressionInput } from "./expression.ts";
import { multipartFields } from "./multipart.ts";
import type { ReceivedRequest } from "./receiver.ts";

/**
 * A request whose parts are parsed when they are first needed, and then only once. Use `viewOf` to
 * get the view of a request.
 */
export class RequestView implements ReceivedRequest, ExpressionInput {
  readonly method: string;
  readonly url: string;
  readonly suffix: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  #json: unknown;
  #isJsonRead = false;
  #text: string | undefined;
  #form: URLSearchParams | null | undefined;
  #multipart: ReadonlyMap<string, string> | null | undefined;
  #parameters: URLSearchParams | undefined;

  constructor(request: ReceivedRequest) {
    this.method = request.method;
    this.url = request.url;
    this.suffix = request.suffix;
    this.query = request.query;
    this.headers = request.headers;
    this.body = request.body;
  }

  /** Returns the value of a header by its lower-case name, or null. */
  header(name: string): string | null {
    return Object.hasOwn(this.headers, name) ? (this.headers[name] ?? null) : null;
  }

  /** The body as a JSON value; `undefined` if it is not valid JSON or nested too deeply. */
  json(): unknown {
    if (!this.#isJsonRead) {
      this.#isJsonRead = true;
      this.#json = parseJson(this.body, this.text);
    }
    return this.#json;
  }

  mayHaveMember(name: string): boolean {
    // A name is written with escapes only if there is a backslash. Invalid bytes read U+FFFD.
    if (this.#isJsonRead || !PRINTABLE_ASCII.test(name)) return true;
    if (this.body.length <= LOOPED_MAX) return hasNameOrBackslash(this.body, name);
    const { buffer, byteOffset, length } = this.body;
    const bytes = Buffer.from(buffer as ArrayBuffer, byteOffset, length);
    return bytes.includes(`"${name}"`, 0, "latin1") || bytes.includes(BACKSLASH);
  }

  /** The body as text. Bytes that are not UTF-8 read U+FFFD. */
  get text(): string {
    this.#text ??= utf8.decode(this.body);
    return this.#text;
  }

  /** The fields of a body whose content type is a URL-encoded form, else null. Null if there are too many. */
  get form(): URLSearchParams | null {
    if (this.#form === undefined) {
      const type = this.header("content-type")?.trimStart().toLowerCase() ?? "";
      const isForm = type.startsWith("application/x-www-form-urlencoded") && !hasManyFields(this.body);
      this.#form = isForm ? new URLSearchParams(this.text) : null;
    }
    return this.#form;
  }

  /** The fields of a multipart form, else null. */
  get multipart(): ReadonlyMap<string, string> | null {
    if (this.#multipart === undefined) this.#multipart = multipartFields(this.header("content-type") ?? "", this.body);
    return this.#multipart;
  }

  /** Returns a field of a form of either kind, or null. */
  field(name: string): string | null {
    return (this.form === null ? this.multipart?.get(name) : this.form.get(name)) ?? null;
  }

  /** The parameters of the query. */
  get parameters(): URLSearchParams {
    this.#parameters ??= new URLSearchParams(this.query);
    return this.#parameters;
  }
}

const utf8 = new TextDecoder();
const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** Up to this length, a loop takes less time than calls of native code. */
const LOOPED_MAX = 1024;

/** Returns whether bytes contain an ASCII name in quotation marks, or a backslash. */
function hasNameOrBackslash(bytes: Uint8Array, name: string): boolean {
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === BACKSLASH || (byte === QUOTE && isQuoted(bytes, at + 1, name))) return true;
  }
  return false;
}

function isQuoted(bytes: Uint8Array, from: number, name: string): boolean {
  for (let i = 0; i < name.length; i++) if (bytes[from + i] !== name.charCodeAt(i)) return false;
  return bytes[from + name.length] === QUOTE;
}

/** Parsing a million fields would stop the server for most of a second. Real forms have fewer than 1000. */
const FIELDS_MAX = 10_000;
const AMPERSAND = 0x26;

function hasManyFields(body: Uint8Array): boolean {
  let count = 1;
  for (let at = body.indexOf(AMPERSAND); at >= 0; at = body.indexOf(AMPERSAND, at + 1)) {
    if (++count > FIELDS_MAX) return true;
  }
  return false;
}

function parseJson(body: Uint8Array, text: string): unknown {
  // `JSON.parse` recurses.
  if (exceedsDepth(body)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const views = new WeakMap<ReceivedRequest, RequestView>();

/** Returns the view of a request. Every call for the same request returns the same view. */
export function viewOf(request: ReceivedRequest): RequestView {
  if (request instanceof RequestView) return request;
  let view = views.get(request);
  if (view === undefined) {
    view = new RequestView(request);
    views.set(request, view);
  }
  return view;
}

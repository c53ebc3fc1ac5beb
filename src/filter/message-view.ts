import { exceedsDepth, isValidUtf8 } from "../core/json.ts";
import { JsonCheck } from "../core/json-check.ts";
import { type JsonView, viewOf } from "./json-view.ts";

/** The parts of a message that filters read. */
export interface FilteredMessage {
  readonly eventType: string;
  readonly payload: Uint8Array;
  /** Null for a payload that the API received as JSON. */
  readonly contentType: string | null;
  readonly headers: Readonly<Record<string, string>> | null;
}

/** Maximum size of a payload that `JSON.parse` checks. It blocks the event loop for large objects. */
const PARSED_BYTES_MAX = 16 * 1024;

/** A message as filters see it. The payload is read once, whatever the number of filters. */
export class MessageView {
  #eventType: JsonView | null = null;
  #payload: JsonView | null | undefined;
  #headers: ReadonlyMap<string, JsonView> | null = null;

  constructor(private readonly message: FilteredMessage) {}

  get eventType(): JsonView {
    this.#eventType ??= textView(this.message.eventType);
    return this.#eventType;
  }

  /** The value of the payload, or null if the payload is not JSON. */
  get payload(): JsonView | null {
    if (this.#payload === undefined) this.#payload = isJson(this.message) ? viewOf(this.message.payload) : null;
    return this.#payload;
  }

  /** Returns a header. `name` must be in lower case. */
  header(name: string): JsonView | undefined {
    this.#headers ??= headersOf(this.message);
    return this.#headers.get(name);
  }
}

function isJson({ payload, contentType }: FilteredMessage): boolean {
  if (contentType === null) return true;
  if (!isValidUtf8(payload) || exceedsDepth(payload)) return false;
  if (payload.length > PARSED_BYTES_MAX) return new JsonCheck(payload, 0).advance(payload.length + 1) === true;
  try {
    JSON.parse(new TextDecoder("utf-8", { ignoreBOM: true }).decode(payload));
    return true;
  } catch {
    return false;
  }
}

function headersOf({ headers, contentType }: FilteredMessage): Map<string, JsonView> {
  const byName = new Map<string, string>();
  for (const [name, value] of Object.entries(headers ?? {})) {
    const key = name.toLowerCase();
    const earlier = byName.get(key);
    byName.set(key, earlier === undefined ? value : `${earlier}, ${value}`);
  }
  if (contentType !== null && !byName.has("content-type")) byName.set("content-type", contentType);
  return new Map([...byName].map(([name, value]) => [name, textView(value)]));
}

function textView(text: string): JsonView {
  return viewOf(Buffer.from(JSON.stringify(text)));
}

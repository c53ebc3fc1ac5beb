import { isOwnHeader } from "../core/own-header.ts";
import type { SignatureHeaders } from "../core/signature.ts";
import type { Message } from "../store/index.ts";
import { type ReceivedHeadersBase, receivedHeaders, receivedHeadersBase } from "../targets/received-headers.ts";

/** A message as a request that a listener makes, without its body and its signature. */
export interface MessageCopy {
  readonly method: string;
  /** Follows the path of the URL. Empty unless a source received the message with a suffix or a query. */
  readonly path: string;
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>;
}

/** Converts messages to the requests that an endpoint without headers of its own would get. */
export class MessageCopier {
  readonly #received: ReceivedHeadersBase;

  constructor(
    private readonly userAgent: string,
    mode: SignatureHeaders,
  ) {
    this.#received = receivedHeadersBase([], userAgent, mode);
  }

  copyOf({ contentType, headers, received }: Pick<Message, "contentType" | "headers" | "received">): MessageCopy {
    if (received === null) return { method: "POST", path: "", headers: this.#headersOf(contentType, headers) };
    const { method, path } = received;
    const copied = receivedHeaders({ contentType, headers }, received, this.#received);
    return { method, path: path === "/" ? "" : path, headers: copied };
  }

  #headersOf(contentType: string | null, headers: Message["headers"]): [string, string][] {
    const own = Object.entries(headers ?? {}).filter(([name]) => !isOwnHeader(name));
    const names = new Set(own.map(([name]) => name.toLowerCase()));
    const first: [string, string][] = [
      ["content-type", contentType ?? "application/json"],
      ["user-agent", this.userAgent],
    ];
    return [...first.filter(([name]) => !names.has(name)), ...own];
  }
}

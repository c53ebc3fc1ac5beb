import { bytesOfFrame } from "../../core/frame-body.ts";
import { LISTENER_WINDOW, type ListenerFrame } from "../../core/listener.ts";
import type { LocalRequest, LocalResponse, LocalServer } from "./local-server.ts";
import type { Output } from "./output.ts";
import { printable } from "./printable.ts";

/** Maximum number of concurrent requests to the local server, which is the default for endpoints. */
const CONCURRENCY = 16;

/** A message that is to be forwarded. */
export interface Forwarded extends Omit<LocalRequest, "body"> {
  readonly eventType: string;
  /** Null if the payload is no longer stored. */
  readonly body: Uint8Array | null;
}

/** Returns the message in a frame. Throws if the frame does not have the fields of one. */
export function forwardedOf(frame: Extract<ListenerFrame, { readonly type: "message" }>): Forwarded {
  const { id: messageId, eventType, method, path, headers } = frame;
  const areTexts = [messageId, eventType, method, path].every((value) => typeof value === "string");
  if (!areTexts || !Array.isArray(headers) || !headers.every(isHeader)) throw new TypeError("It has no valid message");
  return { messageId, eventType, method, path, headers, body: bytesOfFrame(frame) };
}

function isHeader(header: unknown): boolean {
  return Array.isArray(header) && header.length === 2 && header.every((text) => typeof text === "string");
}

interface Waiting {
  readonly message: Forwarded;
  readonly onDone: () => void;
}

/** Forwards messages to the local server, in the order in which they are added, and prints each result. */
export class Forwarder {
  readonly #waiting: Waiting[] = [];
  #underWay = 0;
  #onRoom: () => void = () => {};

  constructor(
    private readonly server: LocalServer,
    private readonly output: Output,
    private readonly stop: AbortSignal,
  ) {
    stop.addEventListener("abort", () => this.#onRoom());
  }

  /** Adds a message. `onDone` is called when its result has been printed. */
  add(message: Forwarded, onDone: () => void): void {
    this.#waiting.push({ message, onDone });
    this.#begin();
  }

  /**
   * Resolves when fewer messages wait than one connection can send without an acknowledgement, or when
   * `stop` is aborted.
   */
  async room(): Promise<void> {
    while (this.#waiting.length >= LISTENER_WINDOW && !this.stop.aborted) {
      await new Promise<void>((resolve) => {
        this.#onRoom = resolve;
      });
    }
  }

  #begin(): void {
    while (this.#underWay < CONCURRENCY && !this.stop.aborted) {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      this.#underWay++;
      void this.#forward(next);
    }
    this.#onRoom();
  }

  async #forward({ message, onDone }: Waiting): Promise<void> {
    await forwardOne(this.server, message, this.output, this.stop);
    this.#underWay--;
    onDone();
    this.#begin();
  }
}

/** Forwards one message. Prints the result, unless `stop` was aborted before, and returns it. */
export async function forwardOne(
  server: LocalServer,
  message: Forwarded,
  output: Output,
  stop: AbortSignal,
): Promise<LocalResponse> {
  const { body } = message;
  const response =
    body === null
      ? { url: "", status: null, error: "The payload is no longer stored.", durationMs: 0 }
      : await server.send({ ...message, body }, stop);
  if (!stop.aborted) print(message, response, output);
  return response;
}

function print({ messageId, eventType, method }: Forwarded, response: LocalResponse, output: Output): void {
  const { url, status, error, durationMs } = response;
  const now = new Date();
  if (output.isJson) {
    const time = now.toISOString();
    output.json({ type: "request", time, messageId, eventType, method, url, status, durationMs, error });
    return;
  }
  const result = output.status(status, error);
  output.line(output.time(now), printable(eventType), printable(messageId), result, `${durationMs} ms`);
}

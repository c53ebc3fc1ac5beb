import type { Cancel, Clock } from "../../ports.ts";
import type { Admission } from "../identity/admission.ts";

const KEEP_ALIVE_MS = 15_000;
/** Maximum number of events that are queued for a slow client. */
const QUEUED_MAX = 4;

/** The last event of a stream whose token has ended. */
export const TOKEN_ENDED = `event: end\ndata: {"reason":"token"}\n\n`;

/** The server's end of a stream of events. */
export interface Sender {
  /** Returns false if the client does not read and was skipped. */
  send(text: string): boolean;
  end(): void;
}

interface Parts {
  readonly clock: Clock;
  /** The stream ends with the event `end` when this permission ends. */
  readonly admission: Admission;
  /** The first event. */
  readonly first: string;
}

/**
 * Opens a stream of server-sent events. `opened` is called at once; the function that it returns is
 * called when the stream has ended.
 */
export function eventStream(parts: Parts, opened: (sender: Sender) => () => void): ReadableStream<Uint8Array> {
  let close = () => {};
  return new ReadableStream<Uint8Array>({
    start: (controller) => {
      controller.enqueue(encode(parts.first));
      close = run(parts, controller, opened);
    },
    cancel: () => close(),
  });
}

function run(
  { clock, admission }: Parts,
  controller: ReadableStreamDefaultController<Uint8Array>,
  opened: (sender: Sender) => () => void,
): () => void {
  let cancelKeepAlive: Cancel = () => {};
  const stop = () => {
    cancelKeepAlive();
    cancelWatch();
    closed();
  };
  const send = (text: string) => {
    try {
      // A client that does not read, and whose queue is full, is skipped.
      if ((controller.desiredSize ?? 0) <= -QUEUED_MAX) return false;
      controller.enqueue(encode(text));
    } catch {
      stop();
    }
    return true;
  };
  const end = () => {
    stop();
    controller.close();
  };
  const cancelWatch = admission.watch(() => {
    controller.enqueue(encode(TOKEN_ENDED));
    end();
  });
  const keepAlive = () => {
    send(": still here\n\n");
    cancelKeepAlive = clock.after(KEEP_ALIVE_MS, keepAlive);
  };
  cancelKeepAlive = clock.after(KEEP_ALIVE_MS, keepAlive);
  const closed = opened({ send, end });
  return stop;
}

export function eventOf(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}

const encoder = new TextEncoder();

function encode(text: string): Uint8Array {
  return encoder.encode(text);
}

/** What serves the calls of `boathook.v1.Sender/Send`. */

/** A message to send. */
export interface SendRequest {
  /** The id or uid of the application. */
  readonly app: string;
  readonly eventType: string;
  readonly payload: Uint8Array;
  /** Empty if the message has none. */
  readonly eventId: string;
  readonly channels: readonly string[];
}

/** The result of one message. One of the two texts is empty. */
export interface SendResult {
  readonly id: string;
  readonly error: string;
}

/** Ends a call with an error. `code` is a status code of gRPC. */
export class CallRefused extends Error {
  constructor(
    readonly code: number,
    readonly detail: string,
  ) {
    super(detail);
  }
}

/** Sends the messages of calls. */
export interface MessageSender {
  /** Throws `CallRefused` unless the caller may send messages. `headers` are the metadata of the call. */
  check(headers: Headers): Promise<void>;
  /**
   * Sends messages and returns their results in the same order. Resolves after those without an error
   * are stored. Throws `CallRefused` if the caller may no longer send messages, or if the server cannot
   * take any.
   */
  send(headers: Headers, messages: readonly SendRequest[]): Promise<readonly SendResult[]>;
}

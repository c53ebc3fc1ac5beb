import type { Send } from "./client.ts";

/** A message that the server must deliver. */
export interface Promised {
  /**
   * The `webhook-id`. It is null if the response was lost and the message is only known to be
   * stored.
   */
  readonly id: string | null;
  readonly body: string;
}

/**
 * Sends messages as fast as they are accepted, even while the server restarts. A call without a
 * response is repeated with the same `eventId` when the server is running again. A 409 then means
 * that the message is already stored.
 */
export class Load {
  /** Messages that got a 2xx or were stored without a response, by `eventId`. */
  readonly promised = new Map<string, Promised>();
  readonly #watchers = new Set<() => void>();
  #up = Promise.withResolvers<void>();
  #stopped = false;
  readonly #end = Promise.withResolvers<void>();
  /** Resolves when `stop` is called. */
  readonly stopped = this.#end.promise;
  readonly #posters: Promise<void>[];

  /** `posters` is the number of concurrent calls. */
  constructor(
    private readonly send: Send,
    private readonly app: string,
    posters: number,
  ) {
    this.#up.resolve();
    this.#posters = Array.from({ length: posters }, (_, i) => this.#post(i));
  }

  /**
   * Must be called before the server is killed. Calls that are cut off then wait for `serverUp`.
   */
  serverDown(): void {
    this.#up = Promise.withResolvers();
  }

  serverUp(): void {
    this.#up.resolve();
  }

  /** Resolves when `count` messages have been promised since the call. */
  more(count: number): Promise<void> {
    const goal = this.promised.size + count;
    return new Promise((resolve) => {
      const look = () => {
        if (this.promised.size < goal) return;
        this.#watchers.delete(look);
        resolve();
      };
      this.#watchers.add(look);
    });
  }

  /** Stops sending and repeating. Resolves when the last call has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#end.resolve();
    this.#up.resolve();
    await Promise.all(this.#posters);
  }

  async #post(poster: number): Promise<void> {
    for (let n = 0; !this.#stopped; n++) {
      const eventId = `${poster}-${n}`;
      const body = JSON.stringify({ eventId, filler: "x".repeat((n * 37) % 500) });
      const stored = await this.#untilStored(eventId, body);
      if (stored === null) return;
      this.promised.set(eventId, { id: stored.id, body });
      for (const look of this.#watchers) look();
    }
  }

  /** Sends a message until it is stored. Returns null if the load is stopped before that. */
  async #untilStored(eventId: string, body: string): Promise<{ readonly id: string | null } | null> {
    const message = `{"eventType":"load","eventId":"${eventId}","payload":${body}}`;
    for (;;) {
      const answer = await this.send("POST", `/app/${this.app}/msg`, message).catch(ifCutOff);
      if (answer?.status === 202) return { id: answer.json.id };
      if (answer?.status === 409) return { id: null };
      if (answer !== null)
        throw new Error(`The message was stored neither now nor before: ${answer.status} ${answer.text}`);
      await this.#up.promise;
      if (this.#stopped) return null;
    }
  }
}

/** Returns null if the connection was refused or closed. Throws any other error. */
export function ifCutOff(error: unknown): null {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (/^(ECONNREFUSED|ECONNRESET|ConnectionRefused|ConnectionClosed|EPIPE)$/.test(code)) return null;
  throw error;
}

import type { Send } from "./client.ts";

/** A message that the server has promised to deliver. */
export interface Promised {
  /** `webhook-id`; null when the answer never came and it is only known that it had been stored. */
  readonly id: string | null;
  readonly body: string;
}

/**
 * Sends messages as fast as they are accepted, through restarts of the server. A call that gets no answer is repeated with the
 * same `eventId` once the server is back: then 409 says that it had been stored before.
 */
export class Load {
  /** What was answered 2xx, or stored without its answer coming through, by `eventId`. */
  readonly promised = new Map<string, Promised>();
  readonly #watchers = new Set<() => void>();
  #up = Promise.withResolvers<void>();
  #stopped = false;
  readonly #posters: Promise<void>[];

  /** `posters`: calls under way at once. */
  constructor(
    private readonly send: Send,
    private readonly app: string,
    posters: number,
  ) {
    this.#up.resolve();
    this.#posters = Array.from({ length: posters }, (_, i) => this.#post(i));
  }

  /** To be called before the server is killed: calls that are cut off wait for `serverUp`. */
  serverDown(): void {
    this.#up = Promise.withResolvers();
  }

  serverUp(): void {
    this.#up.resolve();
  }

  /** Resolves when so many more messages than now are promised. */
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

  /** Sends nothing more, nor again. Resolves when the last call has been answered or cut off. */
  async stop(): Promise<void> {
    this.#stopped = true;
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

  /** Null when it was stopped before. */
  async #untilStored(eventId: string, body: string): Promise<{ readonly id: string | null } | null> {
    const message = `{"eventType":"load","eventId":"${eventId}","payload":${body}}`;
    for (;;) {
      const answer = await this.send("POST", `/app/${this.app}/msg`, message).catch(ifCutOff);
      if (answer?.status === 202) return { id: answer.json.id };
      if (answer?.status === 409) return { id: null };
      if (answer !== null) throw new Error(`Neither stored now nor before: ${answer.status} ${answer.text}`);
      await this.#up.promise;
      if (this.#stopped) return null;
    }
  }
}

/** Null for a connection that was refused or cut off; what else goes wrong is for the test to know. */
function ifCutOff(error: unknown): null {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (/^(ECONNREFUSED|ECONNRESET|ConnectionRefused|ConnectionClosed|EPIPE)$/.test(code)) return null;
  throw error;
}

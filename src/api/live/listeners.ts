import { CLOSE } from "../../core/close-code.ts";
import type { Facts } from "../../core/facts.ts";
import type { Seq } from "../../core/id.ts";
import { Problem } from "../../core/problem.ts";
import type { Signals } from "../../core/signal.ts";

const LISTENERS_MAX = 200;
/** Lower than the total, so that one application cannot use it up. */
const LISTENERS_PER_APPLICATION_MAX = 20;
const RETRY_SECONDS = 10;

interface Connection {
  /** Closes the connection with this code. */
  end(code: number): void;
  /** Called at each message of the application. */
  ring?(): void;
}

interface Parts {
  readonly facts: Facts;
  readonly signals: Signals;
  readonly stopping: AbortSignal | undefined;
  /** Returns whether an application exists. */
  exists(applicationSeq: Seq): Promise<boolean>;
}

/** The connections of listeners and tails. Closes them when their application or the server ends. */
export class Listeners {
  readonly #connections = new Map<Seq, Set<Connection>>();
  #count = 0;

  constructor(private readonly parts: Parts) {
    parts.facts.on(["message.accepted"], ({ applicationSeq }) => {
      if (this.#count === 0) return;
      for (const connection of this.#connections.get(applicationSeq) ?? []) connection.ring?.();
    });
    parts.signals.react(["application.changed"], ({ applicationSeq }) => {
      if (this.#count > 0) void this.#endIfDeleted(applicationSeq);
    });
    parts.stopping?.addEventListener("abort", () => {
      for (const connections of this.#connections.values()) end(connections, CLOSE.serverStops);
    });
  }

  /** Adds a connection. Returns the function that removes it. Throws 429 if there are too many. */
  add(applicationSeq: Seq, connection: Connection): () => void {
    const own = this.#connections.get(applicationSeq) ?? new Set();
    if (this.#count >= LISTENERS_MAX || own.size >= LISTENERS_PER_APPLICATION_MAX) {
      throw new Problem(429, "too_many_listeners", "Too many listeners are connected. Try again later.", RETRY_SECONDS);
    }
    this.#connections.set(applicationSeq, own.add(connection));
    this.#count++;
    return () => {
      if (!own.delete(connection)) return;
      this.#count--;
      if (own.size === 0) this.#connections.delete(applicationSeq);
    };
  }

  async #endIfDeleted(applicationSeq: Seq): Promise<void> {
    if (!this.#connections.has(applicationSeq) || (await this.parts.exists(applicationSeq))) return;
    end(this.#connections.get(applicationSeq) ?? new Set(), CLOSE.gone);
  }
}

function end(connections: ReadonlySet<Connection>, code: number): void {
  for (const connection of [...connections]) connection.end(code);
}

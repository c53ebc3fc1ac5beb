import type { Received } from "../support/receiver.ts";

/** Records what the server has acknowledged with a 2xx during a crash test, and what arrived. */

/** A path of the receiver and how it responds. */
export type Path = "/steady" | "/flaky" | "/fifo" | "/broken" | "/late";
export const PATHS: readonly Path[] = ["/steady", "/flaky", "/fifo", "/broken", "/late"];

/** Every seventh first attempt at `/fifo` fails. */
const FIFO_FAILS_EVERY = 7;

/** Responds to deliveries and records which ones succeeded. */
export class Receipts {
  /** While this is false, every delivery to `/broken` fails. */
  repaired = false;
  /** Requests that got a 204, by path and `eventId`, in order of arrival. */
  readonly #received = new Map<string, Map<string, Received>>();
  readonly #tried = new Set<string>();
  #fifoFirsts = 0;
  /** Number of successful deliveries of messages that had already arrived. */
  again = 0;

  readonly answering = (request: Received): Response => {
    if (this.#fails(request)) return new Response(null, { status: 503 });
    const byEvent = this.at(request.path);
    const eventId = eventIdOf(request);
    if (byEvent.has(eventId) && PATHS.includes(request.path as Path)) this.again++;
    else byEvent.set(eventId, request);
    return new Response(null, { status: 204 });
  };

  at(path: string): Map<string, Received> {
    const known = this.#received.get(path);
    if (known !== undefined) return known;
    const made = new Map<string, Received>();
    this.#received.set(path, made);
    return made;
  }

  #fails({ id, path }: Received): boolean {
    if (path === "/broken") return !this.repaired;
    if (path !== "/flaky" && path !== "/fifo") return false;
    const isFirst = this.#tried.size < this.#tried.add(`${path} ${id}`).size;
    if (!isFirst) return false;
    return path === "/flaky" || ++this.#fifoFirsts % FIFO_FAILS_EVERY === 0;
  }
}

export function eventIdOf({ body }: Received): string {
  return JSON.parse(body.toString()).eventId;
}

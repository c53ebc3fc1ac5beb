import type { Clock } from "../../ports.ts";
import { Turns } from "../../store/turns.ts";
import { anonymous, type ByteBudget } from "./byte-budget.ts";
import { inPieces, LONG_SIZE, PIECE_SIZE } from "./piecewise.ts";

/** Minimum size of a file that waits for a turn of the event loop, in bytes. */
const LARGE_BYTES = 16 * 1024;

/**
 * Sends files that anybody may request. Large files are sent one per turn of the event loop, because
 * hundreds of requests that arrive together would otherwise block it: the runtime copies each
 * response into the buffers of its connection at once. Very large files are streamed, so a client
 * that does not read holds only a piece in memory. Files of the same content share their bytes.
 */
export class LargeFiles {
  readonly #turns: Turns;

  constructor(
    clock: Pick<Clock, "soon">,
    private readonly budget: ByteBudget,
  ) {
    this.#turns = new Turns(clock);
  }

  /**
   * Returns the response with this body, in a promise if the body is large. Rejects with 503 if too
   * many very large files are being sent.
   */
  send(body: Uint8Array<ArrayBuffer>, init: ResponseInit): Response | Promise<Response> {
    return body.byteLength < LARGE_BYTES ? new Response(body, init) : this.#sendLarge(body, init);
  }

  async #sendLarge(body: Uint8Array<ArrayBuffer>, init: ResponseInit): Promise<Response> {
    await this.#turns.next();
    if (body.byteLength < LONG_SIZE) return new Response(body, init);
    const lease = this.budget.lease(anonymous);
    lease.grow(PIECE_SIZE);
    return new Response(inPieces(body, lease), init);
  }
}

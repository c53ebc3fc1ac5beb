import { plainIncoming } from "../../../src/accept/incoming.ts";
import { sha256 } from "../../../src/core/hash.ts";
import { applicationEntry } from "../../../src/store/directory.ts";
import type { Reached } from "./client.ts";
import type { Around } from "./clients.ts";

/** How long an idempotency key is known, in ms. */
const KEY_MS = 12 * 60 * 60 * 1000;
/** Share of the requests that repeat an earlier one whose response has arrived. */
const REPEATED = 0.3;

/** Sends messages with idempotency keys, one after another. Repeats requests, also those with a response. */
export class Producer {
  /** The ids of the messages in the responses, in the order of the messages. */
  readonly #ids: string[] = [];

  constructor(
    private readonly around: Around,
    private readonly uid: string,
  ) {}

  get sent(): number {
    return this.#ids.length;
  }

  async act(): Promise<void> {
    if (this.sent > 0 && this.around.dice.chance(REPEATED)) return this.#repeat(1 + this.around.dice.below(this.sent));
    const number = this.sent + 1;
    const id = await this.#send(number);
    // An earlier call may have sent the same message at the same time.
    if (id === null || this.sent >= number) return this.#compare(number, id);
    this.#ids.push(id);
    this.around.checks.accepted(id, number);
  }

  /** Repeats all requests. */
  async repeatAll(): Promise<void> {
    for (let number = 1; number <= this.sent; number++) await this.#repeat(number);
  }

  async #repeat(number: number): Promise<void> {
    this.#compare(number, await this.#send(number));
  }

  #compare(number: number, id: string | null): void {
    const first = this.#ids[number - 1];
    if (id === null || id === first) return;
    this.around.checks.violation(`a repeated key made message ${number} a second time: ${first}, ${id}`);
  }

  /** Sends the message with a number. Resolves to the id in the response, or to null if there is none. */
  #send(number: number): Promise<string | null> {
    return this.around.client.request((reached) => this.#accept(reached, number), true);
  }

  async #accept({ kernel, application }: Reached, number: number): Promise<string> {
    const active = await kernel.store.configuration.endpoints.active(application.seq);
    const entry = applicationEntry(application, active);
    const payload = new Uint8Array(Buffer.from(JSON.stringify({ number })));
    const expiresAt = kernel.clock.now() + KEY_MS;
    const idempotency = { key: sha256(`${this.uid} ${number}`), expiresAt, bodyHash: null };
    const [result] = await kernel.accepter.acceptAll(entry, [{ ...plainIncoming("any", payload), idempotency }]);
    if (result!.accepted) return kernel.ids.encode("msg_", result!.seq);
    if (result!.because !== "idempotency" || result!.response.kind !== "message") {
      throw new Error(`A message was not accepted: ${result!.because}`);
    }
    return kernel.ids.encode("msg_", result!.response.messageSeq);
  }
}

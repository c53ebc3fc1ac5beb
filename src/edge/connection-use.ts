import { orAborted } from "./connection-sharing.ts";

/** The use of a shared connection by the messages that are being published over it. */
export class ConnectionUse {
  #isOpen = true;
  #count = 0;
  readonly #idle = Promise.withResolvers<void>();

  /** Whether further messages can be published. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Must be called when the connection is lost. */
  end(): void {
    this.#isOpen = false;
  }

  /**
   * Resolves like `publishing`, but rejects with the reason of `signal` if it aborts before. Then the
   * connection ends: messages for a server that does not read them would fill the memory.
   */
  async during<T>(publishing: Promise<T>, signal: AbortSignal): Promise<T> {
    this.#count++;
    try {
      return await orAborted(publishing, signal);
    } catch (error) {
      if (signal.aborted) this.#isOpen = false;
      throw error;
    } finally {
      this.#count--;
      if (!this.#isOpen && this.#count === 0) this.#idle.resolve();
    }
  }

  /** Ends the connection, and resolves when no message is being published any more. */
  async endWhenIdle(): Promise<void> {
    this.#isOpen = false;
    if (this.#count > 0) await this.#idle.promise;
  }
}

import type { Vault } from "../../../core/replica-vault.ts";
import type { Cancel, Clock } from "../../../ports.ts";
import type { Progress } from "./progress.ts";

/**
 * Checks from time to time whether a vault is still there and still belongs to this server. Without
 * it, a server that commits nothing would not notice that its replica was removed.
 */
export class VaultWatch {
  #cancel: Cancel = () => {};
  #isStopped = false;

  constructor(
    private readonly vault: Vault,
    private readonly clock: Clock,
    private readonly progress: Progress,
    private readonly everyMs: number,
  ) {}

  start(): void {
    if (this.#isStopped) return;
    this.#cancel = this.clock.after(this.everyMs, () => void this.#check().then(() => this.start()));
  }

  async #check(): Promise<void> {
    try {
      await this.vault.check();
      this.progress.worked("check");
    } catch (error) {
      if (!this.#isStopped) this.progress.failed("check", error);
    }
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }
}

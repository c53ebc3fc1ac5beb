import type { Cancel } from "../../../ports.ts";
import type { CommitPauses } from "./commit-pause.ts";
import type { Shipper } from "./shipper.ts";

/** How long a commit waits until the one before is written, in ms. */
const PAUSE_MS = 250;

/**
 * Delays each commit until the commit before is written to the replica, so that only one commit can
 * be lost with the disk. A replica that is slow or fails delays no further commits until it has
 * everything again.
 */
export class WriteTurns {
  #resume: Cancel | null = null;
  #isGivenUp = false;

  constructor(
    private readonly shipper: Shipper,
    private readonly pauses: CommitPauses,
  ) {}

  afterCommit(): void {
    if (this.shipper.isWritten || this.#resume !== null || this.#isGivenUp || this.shipper.isFailing) return;
    this.#resume = this.pauses.pause(PAUSE_MS, () => {
      this.#isGivenUp = true;
      this.#resume = null;
    });
  }

  afterWritten(): void {
    if (!this.shipper.isWritten) return;
    this.#isGivenUp = false;
    this.resume();
  }

  /** Ends a pause of the commits. */
  resume(): void {
    this.#resume?.();
    this.#resume = null;
  }
}

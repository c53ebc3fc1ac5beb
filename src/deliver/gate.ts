import { deliveryHeldMeta } from "../core/delivery.ts";
import type { Facts } from "../core/facts.ts";
import type { Seq } from "../core/id.ts";
import type { Signals } from "../core/signal.ts";
import type { Clock } from "../ports.ts";
import { type KnownEndpoint, type Store, StoreUnavailable } from "../store/index.ts";
import { STORE_RETRY_MS } from "./settle.ts";

export interface GateParts {
  readonly clock: Clock;
  readonly store: Pick<Store, "configuration" | "housekeeping" | "moves">;
  readonly facts: Facts;
  readonly signals: Signals;
  readonly isStopping: () => boolean;
  /** Called when lanes may have been stopped or may go on. Null means the lanes of all environments. */
  readonly onChanged: (environmentSeq: Seq | null) => void;
}

/**
 * Decides whether attempts may start. The operator can hold all deliveries, and pause those of one
 * environment or of one endpoint. An endpoint is also closed while its messages are being cancelled,
 * and while its application is being moved. Attempts under way finish. Nothing else stops: messages
 * are still accepted, and the pending deliveries of disabled and deleted endpoints still end.
 */
export class Gate {
  #isHeld = false;
  /** Endpoints that are closed for a while, each with the number of reasons. Usually empty. */
  readonly #closedEndpoints = new Map<Seq, number>();
  /** Applications that are about to leave for another installation. Usually empty. */
  readonly #heldApplications = new Set<Seq>();
  /** Applications that come from another installation and are not complete. Usually empty. */
  readonly #arriving: ReadonlySet<Seq>;
  #pausedEnvironments: ReadonlySet<Seq> = new Set();
  /**
   * Incremented with every change, so that a state read before a change does not replace the newer
   * one.
   */
  #changes = 0;

  constructor(private readonly parts: GateParts) {
    const { signals, onChanged } = parts;
    this.#arriving = parts.store.moves?.destination.arriving ?? new Set();
    signals.invalidate(["delivery.held"], ({ isHeld }) => this.#become(isHeld, this.#pausedEnvironments));
    signals.invalidate(["environment.paused"], ({ environmentSeq, isPaused }) => {
      const paused = new Set(this.#pausedEnvironments);
      if (isPaused) paused.add(environmentSeq);
      else paused.delete(environmentSeq);
      this.#become(this.#isHeld, paused);
    });
    signals.react(["delivery.held"], () => onChanged(null));
    signals.react(["environment.paused"], ({ environmentSeq }) => onChanged(environmentSeq));
    signals.react(["store.changed"], () => void this.#loadAgain());
  }

  #become(isHeld: boolean, pausedEnvironments: ReadonlySet<Seq>): void {
    this.#changes++;
    this.#isHeld = isHeld;
    this.#pausedEnvironments = pausedEnvironments;
  }

  /** Reads the stored state. */
  async load(): Promise<void> {
    const { housekeeping, configuration } = this.parts.store;
    for (;;) {
      const changes = this.#changes;
      const held = await housekeeping.meta.get(deliveryHeldMeta);
      const environments = await configuration.environments.list();
      if (changes !== this.#changes) continue;
      const paused = environments.filter(({ pausedAt }) => pausedAt !== null);
      this.#become(held !== null, new Set(paused.map(({ seq }) => seq)));
      return;
    }
  }

  async #loadAgain(): Promise<void> {
    const { clock, facts, isStopping, onChanged } = this.parts;
    while (!isStopping()) {
      try {
        await this.load();
        onChanged(null);
        return;
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) facts.state({ type: "defect.found", where: "gate", error });
        await new Promise<void>((resolve) => clock.after(STORE_RETRY_MS, resolve));
      }
    }
  }

  /** Whether all deliveries are held. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** Number of paused environments. */
  get environmentsPaused(): number {
    return this.#pausedEnvironments.size;
  }

  /**
   * Starts no attempts to an endpoint until the returned function is called. Calls may overlap. The
   * caller sends the signal `lane.changed` after both.
   */
  closeEndpoint(endpointSeq: Seq): () => void {
    const closed = this.#closedEndpoints;
    closed.set(endpointSeq, (closed.get(endpointSeq) ?? 0) + 1);
    return () => {
      const left = closed.get(endpointSeq)! - 1;
      if (left === 0) closed.delete(endpointSeq);
      else closed.set(endpointSeq, left);
    };
  }

  /**
   * Starts no attempts to the endpoints of an application until the returned function is called. The
   * caller makes the lanes look again after both.
   */
  holdApplication(applicationSeq: Seq): () => void {
    this.#heldApplications.add(applicationSeq);
    return () => void this.#heldApplications.delete(applicationSeq);
  }

  /** Returns whether no attempt to this endpoint may start. */
  readonly isClosedFor = ({
    seq,
    paused,
    environmentSeq,
    applicationSeq,
  }: Pick<KnownEndpoint, "seq" | "paused" | "environmentSeq" | "applicationSeq">): boolean =>
    paused ||
    this.#isHeld ||
    this.#pausedEnvironments.has(environmentSeq) ||
    (this.#closedEndpoints.size > 0 && this.#closedEndpoints.has(seq)) ||
    (this.#heldApplications.size > 0 && this.#heldApplications.has(applicationSeq)) ||
    (this.#arriving.size > 0 && this.#arriving.has(applicationSeq));
}

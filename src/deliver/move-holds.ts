import { randomUUID } from "node:crypto";
import type { Seq } from "../core/id.ts";
import { holdId } from "../core/move-hold.ts";
import { conflict } from "../core/problem.ts";
import type { Cancel, Clock } from "../ports.ts";
import type { Directory } from "../store/directory.ts";
import type { MoveOrigin } from "../store/index.ts";
import type { Deliverer } from "./deliverer.ts";

/** How long a hold lasts unless it is renewed, in ms. */
const HOLD_MS = 15_000;

interface Hold {
  readonly id: string;
  readonly number: Seq;
  /** What the application had when it was closed; null while it is open. */
  fingerprint: string | null;
  readonly release: () => void;
  cancelEnd: Cancel;
}

/**
 * The applications that are about to leave this installation. While an application is *held*, no
 * attempt to its endpoints starts. While it is also *closed*, requests for it are refused.
 *
 * A hold is only in memory and ends if it is not renewed. So if the mover or this server dies, the
 * application stays here and its deliveries continue.
 */
export class MoveHolds {
  readonly #holds = new Map<Seq, Hold>();

  constructor(
    private readonly clock: Clock,
    private readonly deliverer: Pick<Deliverer, "holdApplication">,
    private readonly directory: Pick<Directory, "leaving">,
    private readonly origin: Pick<MoveOrigin, "forget"> | undefined,
  ) {}

  /**
   * Begins a hold and returns its id. `number` must be greater than those of earlier holds. Throws 409 if the
   * application is held by someone else.
   */
  begin(applicationSeq: Seq, number: Seq): string {
    if (this.#holds.has(applicationSeq)) throw conflict("Another move of this application is under way.", "move_held");
    const id = holdId(number, randomUUID());
    const release = this.deliverer.holdApplication(applicationSeq);
    const cancelEnd = this.#endLater(applicationSeq);
    this.#holds.set(applicationSeq, { id, number, fingerprint: null, release, cancelEnd });
    return id;
  }

  /** Returns the number of the hold of an application, or null. */
  numberOf(applicationSeq: Seq): Seq | null {
    return this.#holds.get(applicationSeq)?.number ?? null;
  }

  /** Makes a hold last longer. Throws 409 if it has ended. */
  renew(applicationSeq: Seq, id: string): void {
    const hold = this.#get(applicationSeq, id);
    hold.cancelEnd();
    hold.cancelEnd = this.#endLater(applicationSeq);
  }

  /** Refuses requests for a held application until the hold ends. */
  close(applicationSeq: Seq, id: string): void {
    this.#get(applicationSeq, id);
    this.directory.leaving.add(applicationSeq);
  }

  /** Stores what the closed application has. */
  keepFingerprint(applicationSeq: Seq, id: string, fingerprint: string): void {
    // The hold may have ended while the fingerprint was being taken.
    if (this.#holds.get(applicationSeq)?.id !== id) this.origin?.forget(applicationSeq);
    this.#get(applicationSeq, id).fingerprint = fingerprint;
  }

  /** Returns what the application had when it was closed. Throws 409 if it is not closed by this hold. */
  fingerprint(applicationSeq: Seq, id: string): string {
    const { fingerprint } = this.#get(applicationSeq, id);
    if (fingerprint === null) throw conflict("The application is not closed.", "move_open");
    return fingerprint;
  }

  /** Ends a hold. Does nothing if it has ended. */
  end(applicationSeq: Seq, id: string): void {
    if (this.#holds.get(applicationSeq)?.id === id) this.#end(applicationSeq);
  }

  #get(applicationSeq: Seq, id: string): Hold {
    const hold = this.#holds.get(applicationSeq);
    if (hold?.id !== id) throw conflict("The hold has ended. Begin the move again.", "move_hold_ended");
    return hold;
  }

  #endLater(applicationSeq: Seq): Cancel {
    return this.clock.after(HOLD_MS, () => this.#end(applicationSeq));
  }

  #end(applicationSeq: Seq): void {
    const hold = this.#holds.get(applicationSeq);
    if (hold === undefined) return;
    hold.cancelEnd();
    this.#holds.delete(applicationSeq);
    this.directory.leaving.delete(applicationSeq);
    hold.release();
    this.origin?.forget(applicationSeq);
  }
}

import { type Seq, timeOfSeq } from "../core/id.ts";
import type { Clock } from "../ports.ts";
import type { Directory } from "../store/directory.ts";
import type { Claim, LaneCursor, Queue } from "../store/index.ts";
import type { Gate } from "./gate.ts";
import type { IsCounted, OldestDue } from "./lanes.ts";

const PAGE = 1000;
const LANE_START: LaneCursor = { position: 0, seq: 0 };

export interface ForeignLanesParts {
  readonly clock: Pick<Clock, "now">;
  readonly queue: Pick<Queue, "pendingLanes" | "due">;
  readonly directory: Pick<Directory, "endpoint">;
  readonly gate: Gate;
  /** Returns whether this process serves a lane. */
  readonly serves: (endpointSeq: Seq) => boolean;
}

/** The lanes that other processes serve, as far as the store shows them. */
export class ForeignLanes {
  readonly #claim: Claim;

  constructor(private readonly parts: ForeignLanesParts) {
    this.#claim = { validUntil: Number.POSITIVE_INFINITY, owns: (endpointSeq) => !parts.serves(endpointSeq) };
  }

  /**
   * Replaces the oldest due deliveries of this process by those in the lanes of others that are older. `ageMs`
   * and `isCounted` are those of `#oldestDue`.
   */
  async addOldestDue(own: Map<Seq, OldestDue>, ageMs: number, isCounted: IsCounted): Promise<void> {
    for (const [environmentSeq, due] of await this.#oldestDue(ageMs, isCounted)) {
      const known = own.get(environmentSeq);
      if (known === undefined || due.dueAt < known.dueAt) own.set(environmentSeq, due);
    }
  }

  /**
   * Returns the oldest due delivery of each environment that has waited for longer than `ageMs`. Considers
   * only endpoints for which `isCounted` returns true, and in whose lanes attempts may start. Reads the head of
   * each lane that may have an older one than those before it.
   */
  async #oldestDue(ageMs: number, isCounted: IsCounted): Promise<ReadonlyMap<Seq, OldestDue>> {
    const { clock, queue, directory, gate } = this.parts;
    const before = clock.now() - ageMs;
    const oldest = new Map<Seq, OldestDue>();
    for (let after: Seq | null = 0; after !== null; ) {
      const page: Awaited<ReturnType<Queue["pendingLanes"]>> = await queue.pendingLanes(this.#claim, after, PAGE);
      for (const { endpointSeq, position } of page) {
        if (timeOfSeq(position) >= before) continue;
        const endpoint = (await directory.endpoint(endpointSeq))?.endpoint;
        if (endpoint === undefined || endpoint.disabled || endpoint.deleted) continue;
        if (gate.isClosedFor(endpoint) || !isCounted(endpoint)) continue;
        const known = oldest.get(endpoint.environmentSeq);
        if (known !== undefined && timeOfSeq(position) >= known.dueAt) continue;
        // The head of a FIFO lane keeps its position while it waits for its retry.
        const [head] = await queue.due(endpointSeq, LANE_START, position, 1);
        if (head === undefined || head.dueAt >= Math.min(before, known?.dueAt ?? before)) continue;
        oldest.set(endpoint.environmentSeq, { dueAt: head.dueAt, endpoint });
      }
      after = page.length < PAGE ? null : page.at(-1)!.endpointSeq;
    }
    return oldest;
  }
}

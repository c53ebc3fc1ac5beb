import type { Database, Statement } from "bun:sqlite";
import type { Seq } from "../../../src/core/id.ts";
import type {
  Application,
  ApplicationUpdate,
  Endpoint,
  EndpointUpdate,
  Expunged,
  Key,
  Replayable,
} from "../../../src/store/index.ts";
import type { Effect, Mark, Marks } from "../marks.ts";
import type { Flight, InFlight, Target } from "./in-flight.ts";

/** A call of a verb that may affect work in flight. */
export interface Meeting {
  readonly name: string;
  readonly args: readonly unknown[];
  /** The work in flight for each target when the call was made, by `endpointSeq/messageSeq`. */
  readonly before: ReadonlyMap<string, readonly Flight[]>;
  /** For a redrive: targets whose delivery was dead and had an attempt under way. */
  readonly dead: readonly Target[];
}

/**
 * Records which work in flight the product's commands affect, from the verbs that they call. Work
 * counts if it was in flight when the verb was called or when its commit was done.
 */
export class Effects {
  readonly #endpoints: Statement<{ seq: Seq }, [number]>;
  readonly #state: Statement<{ state: number }, [number]>;

  constructor(
    db: Database,
    private readonly inFlight: InFlight,
    private readonly marks: Marks,
  ) {
    this.#endpoints = db.prepare("SELECT seq FROM endpoint WHERE application_seq = ?");
    this.#state = db.prepare("SELECT state FROM delivery WHERE seq = ?");
  }

  /** Must be called before the verb. Returns null for verbs that have no effect of interest. */
  begin(name: string, args: readonly unknown[]): Meeting | null {
    const targets = this.#targets(name, args);
    if (targets === null) return null;
    const before = new Map(targets.map((target) => [keyOf(target), this.inFlight.metBy(target)]));
    return { name, args, before, dead: name === "queue.redrive" ? this.#attemptsIn(2) : [] };
  }

  /** Must be called when the verb has changed something. */
  end(meeting: Meeting, result: unknown): void {
    for (const [effect, target] of this.#effects(meeting, result)) {
      const met = new Set([...(meeting.before.get(keyOf(target)) ?? []), ...this.inFlight.metBy(target)]);
      for (const flight of met) this.marks.hit(`${effect} meets ${flight}` satisfies Mark);
    }
  }

  /** Returns the targets that a call may concern according to its arguments. */
  #targets(name: string, args: readonly unknown[]): readonly Target[] | null {
    switch (name) {
      case "queue.resend":
        return [{ endpointSeq: args[1] as Seq, messageSeq: args[0] as Seq }];
      case "queue.resendAll":
        return (args[1] as readonly Replayable[]).map(({ messageSeq }) => ({
          endpointSeq: args[0] as Seq,
          messageSeq,
        }));
      case "queue.expunge.messages":
        return (args[1] as readonly Key[]).flatMap((key) => ("seq" in key ? this.#attemptsOfMessage(key.seq) : []));
      case "queue.redrive":
      case "queue.expunge.step":
        return [...this.inFlight.attempts.values()];
      case "configuration.endpoints.update":
      case "configuration.endpoints.delete":
      case "configuration.endpoints.rotateSecret":
        return [{ endpointSeq: args[0] as Seq, messageSeq: null }];
      case "configuration.applications.update":
      case "configuration.applications.delete":
        return this.#endpoints.all(args[0] as Seq).map(({ seq }) => ({ endpointSeq: seq, messageSeq: null }));
      default:
        return null;
    }
  }

  #effects({ name, args, dead }: Meeting, result: unknown): ReadonlyArray<readonly [Effect, Target]> {
    const all = (effect: Effect) => (this.#targets(name, args) ?? []).map((target) => [effect, target] as const);
    const lanes = (effect: Effect, endpoints: readonly Seq[]) =>
      endpoints.map((endpointSeq) => [effect, { endpointSeq, messageSeq: 0 }] as const);
    switch (name) {
      case "queue.resend":
        return all("resend");
      case "queue.resendAll":
        return all("replay");
      case "queue.redrive": {
        const { endpoints } = result as { readonly endpoints: readonly Seq[] };
        const revived = this.#attemptsIn(0).filter((attempt) => dead.includes(attempt));
        return [...revived.map((target) => ["redrive", target] as const), ...lanes("redrive", endpoints)];
      }
      case "queue.expunge.messages":
        return [...all("expunge"), ...lanes("expunge", (result as Expunged).endpoints)];
      case "queue.expunge.step":
        return lanes("purge", (result as Expunged).endpoints).map(([effect, { endpointSeq }]) => [
          effect,
          { endpointSeq, messageSeq: null },
        ]);
      case "configuration.endpoints.update":
        return changes(result as EndpointUpdate).flatMap(all);
      case "configuration.endpoints.delete":
      case "configuration.applications.delete":
        return all("delete");
      case "configuration.endpoints.rotateSecret":
        return result === true ? all("rotate") : [];
      default:
        return isThrottled(result as ApplicationUpdate) ? all("throttle") : [];
    }
  }

  #attemptsOfMessage(seq: Seq): readonly Target[] {
    return [...this.inFlight.attempts.values()].filter(({ messageSeq }) => messageSeq === seq);
  }

  #attemptsIn(state: number): readonly Target[] {
    return [...this.inFlight.attempts.values()].filter(
      ({ deliverySeq }) => this.#state.get(deliverySeq)?.state === state,
    );
  }
}

function keyOf({ endpointSeq, messageSeq }: Target): string {
  return `${endpointSeq}/${messageSeq}`;
}

/** Returns the effects of a change of an endpoint. */
export function changes(update: EndpointUpdate): readonly Effect[] {
  if (typeof update === "string") return [];
  const { before, after } = update;
  const isOther = (field: keyof Endpoint) => JSON.stringify(before[field]) !== JSON.stringify(after[field]);
  const effects: Effect[] = [];
  if (isOther("paused")) effects.push(after.paused ? "pause" : "resume");
  if (isOther("disabled")) effects.push(after.disabled ? "disable" : "enable");
  if (isOther("ordering")) effects.push("reorder");
  const tuning = ["throttleRate", "concurrency", "retryScheduleMs", "timeoutMs", "batch"] as const;
  if (tuning.some(isOther)) effects.push("retune");
  return effects;
}

function isThrottled(update: ApplicationUpdate): boolean {
  if (update === "gone" || update === "taken") return false;
  const rateOf = ({ throttleRate }: Application) => throttleRate;
  return rateOf(update.before) !== rateOf(update.after);
}

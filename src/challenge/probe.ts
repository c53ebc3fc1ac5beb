import {
  type ChallengeFailure,
  challengeBytes,
  challengeFailure,
  challengePayload,
  challengeResponseBytesMax,
  isOriginAllowed,
} from "../core/challenge.ts";
import type { IdCodec, SeqSource } from "../core/id.ts";
import type { Random, Shortage } from "../ports.ts";
import type { EndpointEntry } from "../store/directory.ts";
import { Targets } from "../targets/index.ts";
import type { PreparedTarget, TargetPolicy, TargetPorts } from "../targets/target.ts";

/** Maximum time for one try, in ms, even if deliveries may take longer. */
const TRY_MS_MAX = 30_000;

export interface ProbeParts {
  readonly ports: TargetPorts & { readonly random: Random };
  readonly policy: TargetPolicy;
  readonly ids: IdCodec;
  readonly seqs: SeqSource;
  /** Returns the URL under which this server can be reached. */
  readonly publicUrl: () => string;
}

/** Makes one try of a challenge. It is sent like a delivery, with the same checks and limits. */
export class Probe {
  readonly #targets: Targets;

  constructor(private readonly parts: ProbeParts) {
    const { ports, ids, policy } = parts;
    this.#targets = new Targets({
      ports,
      ids,
      policy: { ...policy, maxResponseStoredBytes: challengeResponseBytesMax },
    });
  }

  /**
   * Returns null if the receiver is verified. Resolves soon after `signal` aborts. A receiver that
   * responds, but not with the challenge, is also asked for its permission as in CloudEvents.
   */
  async try({ endpoint, keys }: EndpointEntry, signal: AbortSignal): Promise<ChallengeFailure | Shortage | null> {
    const { ports, policy } = this.parts;
    const timeoutMs = Math.min(endpoint.timeoutMs ?? policy.deliveryTimeoutMs, TRY_MS_MAX);
    const timeout = new AbortController();
    const abort = () => timeout.abort();
    signal.addEventListener("abort", abort);
    const cancel = ports.clock.after(timeoutMs, abort);
    try {
      // A transformation is made for messages, and may send them to another URL.
      const target = this.#targets.prepare({ ...endpoint, timeoutMs, transformation: null }, keys);
      return await this.#ask(target, timeout.signal);
    } finally {
      cancel();
      signal.removeEventListener("abort", abort);
    }
  }

  async #ask(target: PreparedTarget, signal: AbortSignal): Promise<ChallengeFailure | Shortage | null> {
    const { ports, seqs, publicUrl } = this.parts;
    const challenge = Buffer.from(ports.random.bytes(challengeBytes)).toString("base64url");
    const message = { contentType: null, headers: null, received: null };
    const outcome = await target.deliver(
      { seq: seqs.next(), payload: challengePayload(challenge), ...message },
      signal,
    );
    if (outcome.kind === "shortage") return outcome;
    const failure = challengeFailure(outcome, challenge, ports.clock.now());
    if (failure === null || outcome.kind === "failure" || target.askPermission === undefined) return failure;
    const origin = new URL(publicUrl()).hostname;
    const permission = await target.askPermission(origin, signal);
    return permission.kind !== "shortage" && isOriginAllowed(permission, origin) ? null : failure;
  }
}

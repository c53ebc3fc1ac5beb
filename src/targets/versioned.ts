import { planVersions, type VersionPlan } from "../core/payload-version.ts";
import type { PayloadVersion } from "../core/resources/payload-version.ts";
import { maskPassword } from "../core/url-password.ts";
import type { Answer, Shortage } from "../ports.ts";
import { type DowngradeResult, runDowngrades } from "./downgrade-run.ts";
import type {
  PreparedTarget,
  TargetDelivery,
  TargetEndpoint,
  TargetMessage,
  TargetParts,
  Transformed,
  Transforming,
} from "./target.ts";

/** A payload in the form of the endpoint's version. */
type Downgraded = Extract<DowngradeResult, { readonly kind: "payload" }>;

/**
 * An endpoint in an environment with payload versions. Its messages get the form of its version before
 * its own transformation. A batch states the version of the endpoint.
 */
export class VersionedEndpoint implements PreparedTarget, Transforming {
  readonly target: PreparedTarget;

  constructor(
    private readonly parts: TargetParts,
    private readonly endpoint: TargetEndpoint,
    private readonly versions: readonly PayloadVersion[],
    private readonly inner: PreparedTarget,
  ) {
    const plain = inner.transforming?.target ?? inner;
    this.target = { deliver: (message, signal) => this.#deliver(plain, message, this.#plan(message), signal) };
  }

  get transforming(): Transforming {
    return this;
  }

  async deliver(message: TargetMessage, signal: AbortSignal, delivery?: TargetDelivery): Promise<Answer | Shortage> {
    const plan = this.#plan(message);
    const downgraded = await this.#downgrade(message, plan, signal);
    if (downgraded.kind === "shortage") return downgraded;
    if (downgraded.kind !== "payload") return withVersion(downgraded, plan);
    const answer = await this.#deliver(this.inner, withPayload(message, downgraded), plan, signal, delivery);
    return answer.kind === "shortage" ? answer : this.#withChanges(answer, downgraded);
  }

  async transform(message: TargetMessage, signal: AbortSignal): Promise<Transformed | Answer | Shortage> {
    const downgraded = await this.#downgrade(message, this.#plan(message), signal);
    if (downgraded.kind !== "payload") return downgraded;
    const { payload, logs } = downgraded;
    const changed = await this.inner.transforming?.transform(withPayload(message, downgraded), signal);
    if (changed === undefined) {
      const request = { method: "POST", url: null, headers: null } as const;
      return { kind: "message", request, payload, received: null, logs };
    }
    if (changed.kind !== "message") return changed;
    return { ...changed, payload: changed.payload ?? payload, logs: [...logs, ...changed.logs] };
  }

  #plan({ seq, eventType = "" }: TargetMessage): VersionPlan {
    return planVersions(this.versions, this.endpoint.apiVersion ?? null, { seq, eventType });
  }

  /** Sends a message with the headers of its version. */
  async #deliver(
    target: PreparedTarget,
    message: TargetMessage,
    plan: VersionPlan,
    signal: AbortSignal,
    delivery?: TargetDelivery,
  ): Promise<Answer | Shortage> {
    if (plan.delivered === null) return target.deliver(message, signal, delivery);
    const answer = await target.deliver({ ...message, version: plan.delivered }, signal, delivery);
    return answer.kind === "shortage" ? answer : withVersion(answer, plan);
  }

  async #downgrade(
    message: TargetMessage,
    plan: VersionPlan,
    signal: AbortSignal,
  ): Promise<Downgraded | Answer | Shortage> {
    const { sandbox, clock } = this.parts.ports;
    const parts = { sandbox, now: clock.now(), maxBodyBytes: this.parts.policy.maxBodyBytes };
    const result = await runDowngrades(parts, this.endpoint, message, plan, signal);
    if (result.kind !== "problem") return result;
    const transformation = { sent: null, logs: result.logs };
    return { kind: "failure", reason: "transformation", detail: result.detail, transformation };
  }

  /** Adds what the downgrades did, before what the transformation did. */
  #withChanges(answer: Answer, { payload, logs }: Downgraded): Answer {
    if (payload === null && logs.length === 0) return answer;
    const own = answer.transformation;
    if (own === undefined) {
      const url = maskPassword(this.endpoint.url).split("#", 1)[0]!;
      return { ...answer, transformation: { sent: { method: "POST", url, payload }, logs } };
    }
    const sent = own.sent === null ? null : { ...own.sent, payload: own.sent.payload ?? payload };
    return { ...answer, transformation: { sent, logs: [...logs, ...own.logs] } };
  }
}

function withPayload(message: TargetMessage, { payload }: Downgraded): TargetMessage {
  return payload === null ? message : { ...message, payload };
}

function withVersion(answer: Answer, { delivered }: VersionPlan): Answer {
  return delivered === null ? answer : { ...answer, apiVersion: delivered.version };
}

import type { Transformation } from "../core/resources/endpoint-transformation.ts";
import { noSandboxThread } from "../core/shortage.ts";
import { maskPassword } from "../core/url-password.ts";
import type { Answer, Shortage } from "../ports.ts";
import { problemText, SandboxBusy, type SandboxResult } from "../sandbox/sandbox.ts";
import { type ActiveTransformation, shapedBy, transformationCall } from "./shaped.ts";
import type {
  PreparedTarget,
  TargetDelivery,
  TargetEndpoint,
  TargetMessage,
  TargetParts,
  Transformed,
  Transforming,
} from "./target.ts";

/** Returns the transformation that runs for an endpoint, or null. */
export function activeTransformation(transformation: Transformation | null): ActiveTransformation | null {
  if (transformation === null || !transformation.enabled || transformation.code === null) return null;
  return { code: transformation.code, variables: transformation.variables ?? {} };
}

/**
 * An endpoint whose messages are changed by code before they are sent. The code runs at each attempt,
 * so that corrected code applies to retries.
 */
export class TransformedEndpoint implements PreparedTarget, Transforming {
  readonly #seen: { readonly url: URL; readonly headers: TargetEndpoint["headers"] };

  constructor(
    private readonly parts: TargetParts,
    private readonly endpoint: TargetEndpoint,
    private readonly active: ActiveTransformation,
    readonly target: PreparedTarget,
  ) {
    this.#seen = { headers: endpoint.headers, url: new URL(endpoint.url) };
  }

  get transforming(): Transforming {
    return this;
  }

  async deliver(message: TargetMessage, signal: AbortSignal, delivery?: TargetDelivery): Promise<Answer | Shortage> {
    const transformed = await this.transform(message, signal);
    return transformed.kind === "message" ? this.#send(message, transformed, signal, delivery) : transformed;
  }

  async transform(message: TargetMessage, signal: AbortSignal): Promise<Transformed | Answer | Shortage> {
    const { sandbox } = this.parts.ports;
    const { applicationSeq = 0 } = this.endpoint;
    if (sandbox === undefined) return noSandboxThread;
    let result: SandboxResult;
    try {
      const call = { now: this.parts.ports.clock.now(), ids: this.parts.ids };
      const prepare = () => transformationCall(this.active, this.#seen, message, call);
      result = await sandbox.run(applicationSeq, prepare, signal);
    } catch (error) {
      if (error instanceof SandboxBusy) return noSandboxThread;
      throw error;
    }
    if (result.kind === "failed") return failed(problemText(result), result.logs);
    const shaped = shapedBy(result, message, this.#seen, this.parts.policy.maxBodyBytes);
    const { logs } = result;
    if (shaped.kind === "problem") return failed(shaped.detail, logs);
    if (shaped.kind === "message") return { ...shaped, logs };
    return { kind: "cancelled", detail: shaped.reason, transformation: { sent: null, logs } };
  }

  async #send(
    message: TargetMessage,
    { request, payload, received, logs }: Transformed,
    signal: AbortSignal,
    delivery: TargetDelivery | undefined,
  ): Promise<Answer | Shortage> {
    const changed: TargetMessage = {
      ...message,
      ...(payload !== null && { payload }),
      ...(received !== null && received),
      request,
    };
    const answer = await this.target.deliver(changed, signal, delivery);
    if (answer.kind === "shortage") return answer;
    const url = maskPassword((request.url ?? this.#seen.url).href).split("#", 1)[0]!;
    // A function has written lines too.
    const all = [...logs, ...(answer.transformation?.logs ?? [])];
    return { ...answer, transformation: { sent: { method: request.method, url, payload }, logs: all } };
  }
}

function failed(detail: string, logs: readonly string[]): Answer {
  return { kind: "failure", reason: "transformation", detail, transformation: { sent: null, logs } };
}

import type { FunctionSender } from "../core/function-message.ts";
import { formatInstant } from "../core/instant.ts";
import type { EndpointFunction } from "../core/resources/endpoint-function.ts";
import { noSandboxThread } from "../core/shortage.ts";
import type { Answer, Shortage } from "../ports.ts";
import { problemText, SandboxBusy } from "../sandbox/sandbox.ts";
import { FunctionFetcher } from "./function-fetch.ts";
import { FunctionRoom } from "./function-room.ts";
import { type FunctionEnd, FunctionRun, type FunctionTask } from "./function-run.ts";
import { MaskedSecrets } from "./masked-secrets.ts";
import { senderHeaders } from "./seen-message.ts";
import type { PreparedTarget, Target, TargetDelivery, TargetEndpoint, TargetMessage, TargetParts } from "./target.ts";

/** Maximum number of functions that run or wait: in total, and of one application. */
const OPEN_MAX = 1_000;
const OPEN_PER_APPLICATION_MAX = 100;

const sendsNothing: FunctionSender = async () => ({ problem: "This server cannot send messages of functions." });

/** Runs the code of `function:` endpoints. A delivery succeeds when the code returns. */
export class FunctionTarget implements Target {
  readonly #fetcher: FunctionFetcher;
  readonly #room = new FunctionRoom();
  /** The number of functions that run or wait, by application. */
  readonly #open = new Map<number, number>();
  #total = 0;

  constructor(private readonly parts: TargetParts) {
    this.#fetcher = new FunctionFetcher(parts);
  }

  prepare(endpoint: TargetEndpoint): PreparedTarget {
    const { function: code = null } = endpoint;
    if (code === null) return { deliver: async () => failure("The endpoint has no code.", []) };
    const masked = new MaskedSecrets(code.secrets);
    return { deliver: (message, signal, delivery) => this.#deliver(endpoint, code, masked, message, signal, delivery) };
  }

  async #deliver(
    endpoint: TargetEndpoint,
    code: EndpointFunction,
    masked: MaskedSecrets,
    message: TargetMessage,
    signal: AbortSignal,
    delivery: TargetDelivery = { seq: message.seq, attempts: 0 },
  ): Promise<Answer | Shortage> {
    const { sandbox, functionSender: send = sendsNothing } = this.parts.ports;
    const { applicationSeq = 0 } = endpoint;
    const open = this.#open.get(applicationSeq) ?? 0;
    if (sandbox === undefined || this.#total >= OPEN_MAX || open >= OPEN_PER_APPLICATION_MAX) return noSandboxThread;
    this.#open.set(applicationSeq, open + 1);
    this.#total++;
    try {
      const task = this.#task(endpoint, code, message, delivery);
      const end = await new FunctionRun(
        { sandbox, fetcher: this.#fetcher, room: this.#room, send },
        task,
        signal,
      ).run();
      return this.#answer(end, masked, task.timeoutMs);
    } catch (error) {
      if (error instanceof SandboxBusy) return noSandboxThread;
      throw error;
    } finally {
      this.#close(applicationSeq);
    }
  }

  #close(applicationSeq: number): void {
    this.#total--;
    const left = this.#open.get(applicationSeq)! - 1;
    if (left === 0) this.#open.delete(applicationSeq);
    else this.#open.set(applicationSeq, left);
  }

  #task(
    { applicationSeq = 0, timeoutMs }: TargetEndpoint,
    { code, secrets }: EndpointFunction,
    message: TargetMessage,
    delivery: TargetDelivery,
  ): FunctionTask {
    const { ports, policy, ids } = this.parts;
    const now = ports.clock.now();
    const argument = JSON.stringify({ id: ids.encode("msg_", message.seq), ...eventOf(message) });
    const context = JSON.stringify({ attempt: delivery.attempts + 1, secrets });
    return {
      ...{ applicationSeq, causeSeq: message.seq, deliverySeq: delivery.seq },
      timeoutMs: timeoutMs ?? policy.deliveryTimeoutMs,
      prepare: () => ({
        ...{ code, argument, context, variables: {}, now },
        // A copy, because the bytes are handed over to another thread.
        payload: { field: "payload", bytes: new Uint8Array(message.payload), form: "json", isArgumentOnly: true },
        seed: (delivery.seq + delivery.attempts) % Number.MAX_SAFE_INTEGER,
      }),
    };
  }

  #answer(end: FunctionEnd, masked: MaskedSecrets, timeoutMs: number): Answer | Shortage {
    if (end.kind === "shortage") return end;
    // The last line may have been cut, and so may the message of an error.
    const logs = end.logs.map((line, i) => (i === end.logs.length - 1 ? masked.inCut(line) : masked.in(line)));
    const transformation = { sent: null, logs };
    if (end.kind === "aborted") {
      const detail = `The function did not end within ${timeoutMs} ms.`;
      return { kind: "failure", reason: "timeout", detail, transformation };
    }
    if (end.kind === "failed") return failure(masked.inCut(problemText(end)), logs);
    const body = masked.bytes(end.json ?? "", this.parts.policy.maxResponseStoredBytes);
    return { kind: "response", status: 200, retryAfter: null, body, note: null, transformation };
  }
}

function failure(detail: string, logs: readonly string[]): Answer {
  return { kind: "failure", reason: "function", detail, transformation: { sent: null, logs } };
}

/** Returns what the code sees of a message, except its id and its payload. */
function eventOf(message: TargetMessage) {
  const { eventType = "", eventId = null, channels = null, acceptedAt = 0 } = message;
  return {
    eventType,
    eventId,
    channels,
    timestamp: formatInstant(acceptedAt),
    headers: message.request?.headers ?? senderHeaders(message),
  };
}

import type { Incoming } from "../../accept/incoming.ts";
import type { MessageToSend } from "../../accept/payload-check.ts";
import { sendBatch } from "../../commands/send.ts";
import { CallRefused, type MessageSender, type SendRequest, type SendResult } from "../../core/grpc-sender.ts";
import { Invalid, Problem } from "../../core/problem.ts";
import { type Checking, parseJson, parseJsonAround } from "../http/body.ts";
import { callerOf } from "../http/byte-budget.ts";
import { requireConfirmed } from "../http/confirmed.ts";
import type { Context } from "../http/context.ts";
import { errorReply, starting, stopping } from "../http/errors.ts";
import type { Operation } from "../http/operation.ts";
import { checker, findingsOf } from "../http/schema.ts";
import { checkAccess } from "../identity/access.ts";
import type { Identity } from "../identity/auth.ts";
import { itemProblem } from "../resources/message/batch.ts";
import { MessageIn } from "../resources/message/fields.ts";
import { kept, type Origin, originOf } from "../resources/message/incoming.ts";

/** The address of calls in the requests that the checks of HTTP read. */
const ADDRESS = "http://localhost/";
/** Minimum size of a payload whose check may take several turns of the event loop, in bytes. */
const LARGE_BYTES = 32 * 1024;

/**
 * Sends messages for `boathook.v1.Sender`, with the tokens, limits and checks of the operation that
 * sends a batch over HTTP.
 */
export class Sender implements MessageSender {
  readonly #checking: Checking;

  /** `operation` is the one that sends a batch. */
  constructor(
    private readonly context: Context,
    private readonly operation: Operation,
  ) {
    const { clock, random } = context;
    this.#checking = { clock, keySeed: Buffer.from(random.bytes(4)).readInt32LE() };
  }

  async check(headers: Headers): Promise<void> {
    try {
      await this.#callerOf(new Request(ADDRESS, { headers }));
    } catch (error) {
      throw this.#refusal(error);
    }
  }

  async send(headers: Headers, messages: readonly SendRequest[]): Promise<readonly SendResult[]> {
    const request = new Request(ADDRESS, { headers });
    const begunAt = this.context.tracer?.now();
    try {
      const identity = await this.#callerOf(request);
      const lease = this.context.bodies.lease(callerOf(identity));
      try {
        lease.grow(messages.reduce((sum, { payload }) => sum + payload.byteLength, 0));
        const results = await this.#sendEach(identity, messages, originOf(request, begunAt));
        const { replica } = this.context.store;
        if (replica !== undefined) await requireConfirmed(replica, { status: 202 });
        return results;
      } finally {
        lease.end();
      }
    } catch (error) {
      throw this.#refusal(error);
    }
  }

  async #callerOf(request: Request): Promise<Identity> {
    const { isStarting, stopping: stop, authenticator } = this.context;
    if (isStarting?.()) throw starting();
    if (stop?.aborted) throw stopping();
    const identity = await authenticator.identify(request);
    checkAccess(this.operation, identity);
    return identity;
  }

  /** Sends the messages of each application in one batch, in their order. */
  async #sendEach(identity: Identity, messages: readonly SendRequest[], origin: Origin): Promise<SendResult[]> {
    const results: SendResult[] = new Array(messages.length);
    const byApplication = Map.groupBy(messages.keys(), (i) => messages[i]!.app);
    const batches = [...byApplication].map(async ([app, indexes]) => {
      const ofOne = await this.#sendTo(
        identity,
        app,
        indexes.map((i) => messages[i]!),
        origin,
      );
      for (const [at, i] of indexes.entries()) results[i] = ofOne[at]!;
    });
    await Promise.all(batches);
    return results;
  }

  async #sendTo(
    identity: Identity,
    app: string,
    messages: readonly SendRequest[],
    origin: Origin,
  ): Promise<readonly SendResult[]> {
    const { ids, lookup, ingestRate, countRequest } = this.context;
    try {
      ingestRate.spend(identity.caller, messages.length);
      const items: (MessageToSend | Invalid)[] = [];
      for (const message of messages) items.push(await this.#read(message, origin));
      const valid = items.filter((item): item is MessageToSend => !(item instanceof Invalid));
      const to = { environmentSeq: identity.environmentSeq, application: lookup.key("app_", app) };
      const sent = (await sendBatch(this.context, to, valid)).values();
      countRequest?.(this.operation.id, 202);
      return items.map((item) => {
        const result = item instanceof Invalid ? item : sent.next().value!;
        if (result instanceof Invalid || result instanceof Problem) return failed(itemProblem(result));
        return { id: ids.encode("msg_", result.seq), error: "" };
      });
    } catch (error) {
      const problem = this.#problemOf(error);
      countRequest?.(this.operation.id, problem.status);
      return messages.map(() => failed(problem));
    }
  }

  async #read(
    { eventType, payload, eventId, channels }: SendRequest,
    origin: Origin,
  ): Promise<MessageToSend | Invalid> {
    try {
      const isLarge = payload.byteLength >= LARGE_BYTES;
      const value = isLarge
        ? await parseJsonAround(payload, [[0, payload.length]], this.#checking)
        : parseJson(payload);
      const body = {
        ...{ eventType, payload: value },
        ...(eventId !== "" && { eventId }),
        ...(channels.length > 0 && { channels }),
      };
      if (!checker(MessageIn).Check(body)) return new Invalid(...findingsOf(MessageIn, body, "body"));
      return {
        incoming: incomingOf({ ...body, payload: kept(payload) }, origin),
        content: isLarge ? UNPARSED : { value },
      };
    } catch (error) {
      if (!(error instanceof Invalid)) throw error;
      return new Invalid(...error.findings.map((finding) => ({ ...finding, loc: ["body", "payload"] })));
    }
  }

  /** Returns an error as the API shows it. Errors that nobody expects are logged. */
  #problemOf(error: unknown): { readonly status: number; readonly code: string; readonly detail: string } {
    const { status, body } = errorReply(error, this.context.log);
    return { status, ...(JSON.parse(body) as { code: string; detail: string }) };
  }

  #refusal(error: unknown): CallRefused {
    const { status, code, detail } = this.#problemOf(error);
    return new CallRefused(STATUSES[status] ?? INTERNAL, `${code}: ${detail}`);
  }
}

const UNPARSED = { unparsed: true } as const;
const INTERNAL = 13;
/** The status codes of gRPC for the errors that end a call. */
const STATUSES: Readonly<Record<number, number>> = { 401: 16, 403: 7, 404: 5, 429: 8, 503: 14 };

function failed({ code, detail }: { readonly code: string; readonly detail: string }): SendResult {
  return { id: "", error: `${code}: ${detail}` };
}

type Sent = Pick<SendRequest, "eventType" | "payload"> & Partial<Pick<SendRequest, "eventId" | "channels">>;

function incomingOf({ eventType, payload, eventId, channels }: Sent, { trace, begunAt }: Origin): Incoming {
  return {
    ...{ eventType, payload, eventId: eventId ?? null },
    channels: channels === undefined ? null : [...new Set(channels)],
    ...{ tags: null, contentType: null, headers: null, retentionMs: null, deliverAt: null, warnings: null },
    ...{ received: null, idempotency: null, trace: trace ?? null, begunAt },
  };
}

import { timeOfSeq } from "../core/id.ts";
import { thinBody } from "../core/payload-link.ts";
import { MASK, maskPassword } from "../core/url-password.ts";
import type { Answer, Shortage, TransformationResult } from "../ports.ts";
import type {
  PayloadLinks,
  PreparedTarget,
  TargetDelivery,
  TargetEndpoint,
  TargetMessage,
  TargetParts,
  Transformed,
  Transforming,
} from "./target.ts";

/** A message whose payload is a thin event. */
interface ThinMessage {
  readonly message: TargetMessage;
  /** The text of the link in the payload. */
  readonly link: string;
}

/**
 * An endpoint that gets thin events. Each attempt has a new link, because the receiver may have used
 * that of the attempt before. Code of the endpoint sees and changes the thin event. Stored attempts
 * contain the link in masked form, so that readers of the attempts cannot use it.
 */
export class ThinEndpoint implements PreparedTarget, Transforming {
  readonly target: PreparedTarget;

  constructor(
    private readonly parts: TargetParts,
    private readonly links: PayloadLinks,
    private readonly endpoint: TargetEndpoint,
    private readonly inner: PreparedTarget,
  ) {
    this.target = inner.transforming?.target ?? inner;
  }

  get transforming(): Transforming {
    return this;
  }

  async deliver(message: TargetMessage, signal: AbortSignal, delivery?: TargetDelivery): Promise<Answer | Shortage> {
    const thin = this.#thin(message);
    const answer = await this.inner.deliver(thin.message, signal, delivery);
    return answer.kind === "shortage" ? answer : this.#asStored(answer, thin);
  }

  async transform(message: TargetMessage, signal: AbortSignal): Promise<Transformed | Answer | Shortage> {
    const thin = this.#thin(message);
    const changed = await this.inner.transforming?.transform(thin.message, signal);
    if (changed === undefined) {
      const { payload } = thin.message;
      const request = { method: "POST", url: null, headers: null } as const;
      return { kind: "message", request, payload, shown: masked(payload, thin), received: null, logs: [] };
    }
    if (changed.kind === "shortage") return changed;
    if (changed.kind !== "message") return this.#asStored(changed, thin);
    const payload = changed.payload ?? thin.message.payload;
    return { ...changed, payload, shown: masked(payload, thin), logs: maskedLogs(changed.logs, thin) };
  }

  #thin(message: TargetMessage): ThinMessage {
    const { seq, eventType = "", acceptedAt = timeOfSeq(seq) } = message;
    const { url, text } = this.links.make({ messageSeq: seq, endpointSeq: this.endpoint.seq ?? 0 });
    const payload = thinBody({ id: this.parts.ids.encode("msg_", seq), eventType, acceptedAt }, url);
    return { message: { ...message, payload, contentType: "application/json" }, link: text };
  }

  /** Adds what was sent to the result of an attempt. What the receiver responded stays as it is. */
  #asStored(answer: Answer, thin: ThinMessage): Answer {
    const { sent, logs } = answer.transformation ?? { sent: this.#sent(thin), logs: [] };
    const transformation = { sent: sent && sentMasked(sent, thin), logs: maskedLogs(logs, thin) };
    const headers = answer.headers && { ...answer.headers, request: textMasked(answer.headers.request, thin) };
    const shown = { ...answer, transformation, ...(headers && { headers }) } as Answer;
    return shown.kind === "response" ? shown : { ...shown, detail: textMasked(shown.detail, thin) };
  }

  #sent({ message }: ThinMessage): TransformationResult["sent"] {
    const url = maskPassword(this.endpoint.url).split("#", 1)[0]!;
    return { method: "POST", url, payload: message.payload };
  }
}

function masked(payload: Uint8Array, thin: ThinMessage): Uint8Array {
  return Buffer.from(textMasked(Buffer.from(payload).toString("latin1"), thin), "latin1");
}

function sentMasked(
  { method, url, payload }: NonNullable<TransformationResult["sent"]>,
  thin: ThinMessage,
): TransformationResult["sent"] {
  return { method, url: textMasked(url, thin), payload: masked(payload ?? thin.message.payload, thin) };
}

function maskedLogs(logs: readonly string[], thin: ThinMessage): readonly string[] {
  return logs.map((line) => textMasked(line, thin));
}

/** The text of a link is the same in a URL, a header and JSON. */
function textMasked(text: string, { link }: ThinMessage): string {
  return text.replaceAll(link, MASK);
}

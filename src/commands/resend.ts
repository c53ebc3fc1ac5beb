import type { FactOf } from "../core/fact.ts";
import type { Seq } from "../core/id.ts";
import { Problem } from "../core/problem.ts";
import { filterOf } from "../filter/filter.ts";
import type { Application, Endpoint, KnownMessage, Store } from "../store/index.ts";
import type { CommandContext } from "./context.ts";

type Parts = Pick<CommandContext, "store" | "seqs" | "clock" | "facts" | "signals">;

export interface Resend {
  readonly application: Pick<Application, "environmentSeq">;
  readonly message: KnownMessage;
  readonly endpoint: Pick<Endpoint, "seq" | "disabled" | "filter">;
}

/**
 * Makes a message pending for an endpoint, regardless of the delivery's state. The delivery starts
 * a new round at the end of the lane, with a full retry schedule. Throws 400 if the payload is no
 * longer stored, the endpoint is disabled, or its filter does not match the message.
 */
export async function resend(parts: Parts, { application, message, endpoint }: Resend): Promise<Seq> {
  if (!message.hasPayload) {
    throw missingPayload();
  }
  checkEnabled(endpoint);
  const { store, seqs, clock } = parts;
  await checkFilter(store, message.seq, endpoint);
  const position = seqs.next();
  const fresh = { seq: position, position, now: clock.now() };
  const { was, deliverySeq } = await store.queue.resend(message.seq, endpoint.seq, fresh);
  announce(
    parts,
    {
      environmentSeq: application.environmentSeq,
      messageSeq: message.seq,
      endpointSeq: endpoint.seq,
      deliverySeq,
      was,
    },
    position,
  );
  return deliverySeq;
}

function missingPayload(): Problem {
  return new Problem(400, "missing_payload", "The payload of this message is no longer stored.");
}

function announce({ signals, facts }: Parts, resent: Omit<FactOf<"delivery.resent">, "type">, position: Seq): void {
  const { endpointSeq } = resent;
  signals.send({ type: "lane.changed", endpointSeq });
  signals.send({ type: "lane.filled", endpointSeq, position });
  facts.state({ type: "delivery.resent", ...resent });
}

/** Throws 400 if the endpoint's filter, as it is now, does not match the message. */
async function checkFilter({ queue }: Pick<Store, "queue">, messageSeq: Seq, { filter }: Pick<Endpoint, "filter">) {
  if (filter === null) return;
  const [content] = await queue.contents([messageSeq]);
  if (content?.payload == null) throw missingPayload();
  const { matches, because } = filterOf(filter).explain({ ...content, payload: content.payload });
  if (matches) return;
  const detail = `The endpoint's filter does not match this message: ${because}. Change the filter or send to another endpoint.`;
  throw new Problem(400, "filtered", detail);
}

/** Throws 400 if the endpoint is disabled, because messages would not be delivered. */
export function checkEnabled({ disabled }: Pick<Endpoint, "disabled">): void {
  if (disabled) throw new Problem(400, "endpoint_disabled", "The endpoint is disabled. Enable it first.");
}

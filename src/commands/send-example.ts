import type { Accepted } from "../accept/accept.ts";
import { type Incoming, plainIncoming } from "../accept/incoming.ts";
import { invalid, Problem } from "../core/problem.ts";
import { latestSchema } from "../core/schema-versions.ts";
import { applicationEntry } from "../store/directory.ts";
import type { Application, Endpoint, EventType } from "../store/index.ts";
import type { CommandContext } from "./context.ts";
import { noEventType } from "./event-types.ts";
import { quotaProblem } from "./quota.ts";
import { checkEnabled } from "./resend.ts";

/**
 * An event type that has an example even if it has not been created. The name is from the Svix API.
 */
const PING = "svix.ping";
const PING_PAYLOAD = { success: true };

export interface Example {
  readonly application: Application;
  readonly endpoint: Pick<Endpoint, "seq" | "disabled">;
  readonly eventType: string;
  /** The payload to send instead of an example. Null sends an example. */
  readonly payload: Uint8Array | null;
  /** Index of the example to send, starting at 0. */
  readonly exampleIndex: number;
}

/** The example message, and the result of storing it. */
export interface SentExample {
  readonly incoming: Incoming;
  readonly stored: Extract<Accepted, { readonly accepted: true }>;
}

/**
 * Sends an example of an event type to one endpoint, regardless of the endpoint's subscription. The
 * examples are those in the latest schema of the event type. As with other messages, the event type
 * of a given payload need not exist. Throws 404 if an example is wanted of an event type that does not
 * exist, 400 if the endpoint is disabled or there is no example, 422 if `exampleIndex` is too large,
 * and 429 or 403 if the message exceeds a quota.
 */
export async function sendExample(
  { store, accepter, clock }: Pick<CommandContext, "store" | "accepter" | "clock">,
  { application, endpoint, eventType, payload, exampleIndex }: Example,
): Promise<SentExample> {
  checkEnabled(endpoint);
  const known = await store.configuration.eventTypes.get(application.environmentSeq, eventType);
  if (known === null && payload === null && eventType !== PING) throw noEventType();
  const example = () => Buffer.from(JSON.stringify(known === null ? PING_PAYLOAD : exampleOf(known, exampleIndex)));
  const incoming = plainIncoming(eventType, payload ?? example());
  const stored = await accepter.acceptOnlyFor(endpoint.seq, applicationEntry(application, []), incoming);
  if (!stored.accepted && stored.because === "quota") throw quotaProblem(stored.exceeded, clock.now());
  if (!stored.accepted)
    throw new Error(
      "Internal error: a message without an event id or idempotency key was treated as a duplicate. Please report it.",
    );
  return { incoming, stored };
}

function exampleOf(eventType: EventType, index: number): object {
  const { examples, example } = (latestSchema(eventType) ?? {}) as { examples?: unknown; example?: unknown };
  const list = Array.isArray(examples) && examples.length > 0 ? examples : null;
  if (list !== null && index >= list.length) {
    throw invalid(["body", "exampleIndex"], `Must be less than ${list.length}, the number of examples in the schema.`);
  }
  const found: unknown = list === null ? example : list[index];
  if (typeof found === "object" && found !== null && !Array.isArray(found)) return found;
  throw new Problem(400, "invalid_scheme", "The schema of this event type has no example that is an object.");
}

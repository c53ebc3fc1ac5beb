import type { Accepter } from "../accept/accept.ts";
import { type Incoming, plainIncoming } from "../accept/incoming.ts";
import { checkAll } from "../accept/payload-check.ts";
import type { PayloadRules } from "../accept/payload-rules.ts";
import { Invalid, Problem } from "../core/problem.ts";
import type { LogCause } from "../core/received.ts";
import { traceContextOf } from "../core/trace.ts";
import { type CountParts, count, nameOf } from "../door/count.ts";
import type { IngestPace } from "../door/ingest-pace.ts";
import type { RefusalLog } from "../door/refusal-log.ts";
import type { SourceEntry } from "../door/source-directory.ts";
import { eventTypeOf, queueKeyOf } from "../door/source-rules.ts";
import type { Clock } from "../ports.ts";
import { RequestView } from "../receive/request-view.ts";
import type { ApplicationEntry, Directory } from "../store/directory.ts";
import { StoreUnavailable } from "../store/index.ts";
import type { BrokerMessage, Disposition } from "./broker.ts";
import { passedOnHeaders } from "./passed-on-headers.ts";

/** Time after which messages that could not be stored are offered again, in ms. */
const RETRY_MS = 1000;

export interface TakeParts extends CountParts {
  readonly clock: Clock;
  readonly directory: Directory;
  readonly accepter: Accepter;
  readonly payloadRules: PayloadRules;
  readonly ingestPace: IngestPace;
  readonly refusalLog: RefusalLog;
  readonly maxBodyBytes: number;
}

/** The result of taking messages from a queue. */
export interface Taking {
  /** How the first messages are settled. The others are offered again after `waitMs`. */
  readonly dispositions: readonly Disposition[];
  /** Time until more messages may be offered, in ms. */
  readonly waitMs: number;
  /** Whether the others wait because the store is unavailable. */
  readonly isUnavailable: boolean;
}

/** A message that was checked before it is stored. */
interface Checked {
  readonly message: BrokerMessage;
  readonly incoming: Incoming;
  /** Why the message can never be stored. Null if it can. */
  readonly cause: LogCause | null;
}

/**
 * Stores messages from a source's queue in their order, unless they are duplicates. Resolves after they
 * are on disk. Logs a message that can never be stored instead. Takes only the first messages, or none,
 * if the store is unavailable or the source's rate is used up.
 */
export async function takeMessages(
  parts: TakeParts,
  entry: SourceEntry,
  messages: readonly BrokerMessage[],
): Promise<Taking> {
  const dispositions: Disposition[] = [];
  try {
    const { environmentSeq } = entry.source;
    const application = await parts.directory.application(environmentSeq, entry.application);
    // The source was just deleted.
    if (application === null) return { dispositions, waitMs: RETRY_MS, isUnavailable: false };
    const checked = await checkMessages(parts, entry, messages);
    while (dispositions.length < checked.length) {
      const rest = checked.slice(dispositions.length);
      const waitMs = await takeNext(parts, { entry, application }, rest, dispositions);
      if (waitMs > 0) return { dispositions, waitMs, isUnavailable: false };
    }
    return { dispositions, waitMs: 0, isUnavailable: false };
  } catch (error) {
    const isTemporary = error instanceof StoreUnavailable || (error instanceof Problem && error.status === 503);
    if (!isTemporary) throw error;
    return { dispositions, waitMs: RETRY_MS, isUnavailable: true };
  }
}

/**
 * Logs the first message if it is refused, or stores the messages before the next that is refused. Adds
 * their dispositions. Returns the time until more messages may be offered, in ms.
 */
async function takeNext(
  parts: TakeParts,
  { entry, application }: { readonly entry: SourceEntry; readonly application: ApplicationEntry },
  messages: readonly Checked[],
  dispositions: Disposition[],
): Promise<number> {
  const { message, cause } = messages[0]!;
  if (cause !== null) {
    await logRefused(parts, entry, message, cause);
    dispositions.push("refused");
    return 0;
  }
  const refused = messages.findIndex((one) => one.cause !== null);
  const { count: permitted, waitMs } = permits(parts, entry, refused < 0 ? messages.length : refused);
  if (permitted === 0) return waitMs;
  let stored = 0;
  try {
    const incoming = messages.slice(0, permitted).map((one) => one.incoming);
    for (const result of await parts.accepter.acceptInPortions(application, incoming)) {
      if (!result.accepted && result.because === "unavailable") throw new StoreUnavailable();
      count(parts, entry, result.accepted ? "stored" : "duplicate");
      if (result.accepted) stored++;
      dispositions.push("stored");
    }
  } finally {
    if (entry.source.ingestRate !== null) {
      for (let unused = permitted - stored; unused > 0; unused--) parts.ingestPace.giveBack(entry.source.seq);
    }
  }
  return waitMs;
}

/** Returns how many of `wanted` messages the source's rate permits now, and when the next is permitted. */
function permits({ ingestPace }: TakeParts, { source }: SourceEntry, wanted: number) {
  if (source.ingestRate === null) return { count: wanted, waitMs: 0 };
  for (let taken = 0; taken < wanted; taken++) {
    const waitMs = ingestPace.take(source.seq, source.ingestRate);
    if (waitMs > 0) return { count: taken, waitMs };
  }
  return { count: wanted, waitMs: 0 };
}

/** Checks the sizes of messages, and their payloads against the schemas of their event types. */
async function checkMessages(
  parts: TakeParts,
  entry: SourceEntry,
  messages: readonly BrokerMessage[],
): Promise<Checked[]> {
  const incoming = messages.map((message) => incomingOf(parts, entry, message));
  const isTooLarge = ({ body }: BrokerMessage) => body.length > parts.maxBodyBytes;
  const fitting = incoming.filter((_, i) => !isTooLarge(messages[i]!));
  const outcomes = (
    await checkAll(
      parts,
      entry.source.environmentSeq,
      fitting.map((one) => ({ incoming: one, content: { text: textOf(one.payload), loc: ["body"] } })),
    )
  ).values();
  return messages.map((message, i) => {
    const plain = { message, incoming: incoming[i]! };
    if (isTooLarge(message)) return { ...plain, cause: "payload_too_large" };
    const outcome = outcomes.next().value!;
    return outcome instanceof Invalid ? { ...plain, cause: "schema" } : { message, incoming: outcome, cause: null };
  });
}

function textOf(payload: Uint8Array): string {
  return Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString();
}

function incomingOf(parts: TakeParts, entry: SourceEntry, message: BrokerMessage): Incoming {
  const { source } = entry;
  const { headers, body, place } = message;
  const view = new RequestView({ method: source.provider, url: "", suffix: place, query: "", headers, body });
  const key = queueKeyOf(entry, view, message.id);
  const expiresAt = parts.clock.now() + (source.deduplicate?.windowSeconds ?? 0) * 1000;
  return {
    ...plainIncoming(eventTypeOf(entry, view, message.eventType), body),
    contentType: view.header("content-type"),
    headers: passedOnHeaders(headers),
    trace: traceContextOf(view.header("traceparent"), null),
    idempotency: key === null ? null : { key, expiresAt, bodyHash: null },
    received: {
      ...{ source: nameOf(entry, parts.ids), sourceSeq: source.seq, method: source.provider, path: place },
      ...{ state: entry.receiver.state, cause: null, redacted: [], reply: null },
    },
  };
}

/** Writes a message that can never be stored to the log of its source. */
async function logRefused(
  parts: TakeParts,
  entry: SourceEntry,
  { headers, body, place }: BrokerMessage,
  cause: LogCause,
): Promise<void> {
  const { seq: sourceSeq, provider: method } = entry.source;
  const status = cause === "payload_too_large" ? 413 : 422;
  const address = "";
  const isLogged = await parts.refusalLog.addOrThrow({
    ...{ sourceSeq, status, cause, method, path: place, address, headers, body },
  });
  count(parts, entry, "refused");
  if (isLogged) parts.facts.state({ type: "source.refused", sourceSeq, cause, status, method, address });
}

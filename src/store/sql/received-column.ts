import type { Received } from "../../core/received.ts";
import type { TraceContext } from "../../core/trace.ts";

/** The parts of `Received` that most messages share. They are not stored. */
const USUAL = {
  method: "POST",
  path: "/",
  state: "verified",
  cause: null,
  redacted: [] as readonly string[],
  reply: null,
} as const satisfies Partial<Received>;

/** How a message arrived. */
interface Arrival {
  readonly received: Received | null;
  readonly trace?: TraceContext;
}

const NOTHING: Arrival = { received: null };

/**
 * Returns the text of how a message arrived, or null for a message that was sent through the API
 * without a trace. The text is the number and the name of the source if everything else is usual,
 * because it is stored with every received message. Otherwise it is JSON with the unusual parts.
 */
export function receivedColumn(received: Received | null, trace: TraceContext | null): string | null {
  if (received === null && trace === null) return null;
  if (received !== null && trace === null && isUsual(received)) return `${received.sourceSeq} ${received.source}`;
  return JSON.stringify({ ...(received !== null && unusual(received)), ...traceFields(trace) });
}

function isUsual({ method, path, state, cause, redacted, reply }: Received): boolean {
  return (
    method === USUAL.method &&
    path === USUAL.path &&
    state === USUAL.state &&
    cause === null &&
    redacted.length === 0 &&
    reply === null
  );
}

function unusual({ source, sourceSeq, method, path, state, cause, redacted, reply }: Received) {
  // `JSON.stringify` leaves out undefined parts.
  return {
    source,
    sourceSeq,
    method: method === USUAL.method ? undefined : method,
    path: path === USUAL.path ? undefined : path,
    state: state === USUAL.state ? undefined : state,
    cause: cause ?? undefined,
    redacted: redacted.length === 0 ? undefined : redacted,
    reply: reply ?? undefined,
  };
}

function traceFields(trace: TraceContext | null): Partial<TraceContext> {
  if (trace === null) return {};
  return trace.tracestate === null ? { traceparent: trace.traceparent } : trace;
}

type Stored = Partial<Received> & Partial<TraceContext>;

/** Reads the text. Earlier versions always stored JSON, some of them with the usual parts. */
export function fromReceivedColumn(text: string | null): Arrival {
  if (text === null) return NOTHING;
  if (!text.startsWith("{")) {
    const space = text.indexOf(" ");
    const [sourceSeq, source] = [Number(text.slice(0, space)), text.slice(space + 1)];
    return { received: { ...USUAL, source, sourceSeq } };
  }
  const { traceparent, tracestate = null, ...received } = JSON.parse(text) as Stored;
  return {
    // A source always has a name.
    received:
      received.source === undefined ? null : { ...USUAL, ...(received as Pick<Received, "source" | "sourceSeq">) },
    ...(traceparent !== undefined && { trace: { traceparent, tracestate } }),
  };
}

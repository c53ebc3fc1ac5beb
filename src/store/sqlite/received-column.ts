import type { Received } from "../../core/received.ts";

/** The parts of `Received` that most messages share. They are not stored. */
const USUAL = {
  method: "POST",
  path: "/",
  state: "verified",
  cause: null,
  redacted: [] as readonly string[],
  reply: null,
} as const satisfies Partial<Received>;

/**
 * Returns the JSON of how a message was received. It contains only the parts that are not usual,
 * because it is stored with every received message.
 */
export function receivedColumn(received: Received | null): string | null {
  if (received === null) return null;
  const { source, sourceSeq, method, path, state, cause, redacted, reply } = received;
  // `JSON.stringify` leaves out undefined parts.
  return JSON.stringify({
    source,
    sourceSeq,
    method: method === USUAL.method ? undefined : method,
    path: path === USUAL.path ? undefined : path,
    state: state === USUAL.state ? undefined : state,
    cause: cause ?? undefined,
    redacted: redacted.length === 0 ? undefined : redacted,
    reply: reply ?? undefined,
  });
}

/** Reads the JSON, with or without the usual parts. Earlier versions stored all of them. */
export function fromReceivedColumn(text: string | null): Received | null {
  if (text === null) return null;
  return { ...USUAL, ...(JSON.parse(text) as Partial<Received> & Pick<Received, "source" | "sourceSeq">) };
}

import { useEffect, useState } from "preact/hooks";
import { textOf } from "../../kit/bytes.ts";
import { prettyJson } from "../../kit/json.ts";
import { getMessage, getPayload } from "../api/messages.ts";

/** A message that is being written. Channels and tags are separated by commas or spaces. */
export interface Draft {
  /** The id of the customer; empty if none is chosen. */
  readonly app: string;
  readonly eventType: string;
  readonly payload: string;
  /** Whether the user or a copied message wrote the payload, so that no example replaces it. */
  readonly isOwn: boolean;
  readonly channels: string;
  readonly tags: string;
  readonly eventId: string;
}

const EMPTY: Draft = {
  app: "",
  eventType: "",
  payload: "{}",
  isOwn: false,
  channels: "",
  tags: "",
  eventId: "",
};

export interface Filled {
  readonly app: string | null;
  readonly type: string | null;
  readonly message: string | null;
}

interface Filling {
  readonly draft: Draft | null;
  readonly setDraft: (change: (draft: Draft) => Draft) => void;
  readonly error: Error | null;
}

/** Returns the draft that an address describes: null while it is being read. */
export function useDraft({ app, type, message }: Filled): Filling {
  const start = { ...EMPTY, app: app ?? "", eventType: type ?? "" };
  const [draft, setDraft] = useState<Draft | null>(app === null || message === null ? start : null);
  const [error, setError] = useState<Error | null>(null);
  useEffect(() => {
    if (app === null || message === null) return;
    const stop = new AbortController();
    fill(app, message, start, stop.signal).then(setDraft, (error: Error) => {
      if (stop.signal.aborted) return;
      setError(error);
      setDraft(start);
    });
    return () => stop.abort();
  }, []);
  return { draft, setDraft: (change) => setDraft((was) => (was === null ? was : change(was))), error };
}

async function fill(app: string, message: string, start: Draft, signal: AbortSignal): Promise<Draft> {
  const [facts, { payload }] = await Promise.all([getMessage(app, message, signal), getPayload(app, message, signal)]);
  if (payload === null) throw new Error("The payload of this message is no longer stored, so it cannot be copied.");
  const text = textOf(payload.bytes);
  if (text === null) throw new Error("The payload of this message is not text, so it cannot be copied.");
  return {
    ...start,
    eventType: facts.eventType,
    payload: indented(text),
    isOwn: true,
    channels: facts.channels?.join(", ") ?? "",
    tags: facts.tags?.join(", ") ?? "",
  };
}

/** Returns a JSON text with indentation, or any other text unchanged. */
export function indented(text: string): string {
  return (
    prettyJson(text)
      ?.map((token) => token.text)
      .join("") ?? text
  );
}

/** Returns the names in a text in which they are separated by commas or spaces. */
export function namesIn(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((name) => name !== "");
}

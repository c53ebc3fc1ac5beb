import type {
  SourceTransformation,
  SourceTransformationSimulation,
  TransformationPatch,
  TransformationSimulation,
} from "../../../../src/api/types.ts";

/** The data and operations of the transformation editor, for endpoints and for endpoints of sources. */

/** Stands for the value of a stored variable, which the API does not return. */
export const SET = "[set]";

/** A transformation as it is edited. */
export interface Draft {
  readonly code: string;
  readonly enabled: boolean;
  /** Values by name; `SET` keeps the stored value. */
  readonly variables: Readonly<Record<string, string>>;
}

export function draftOf({ code, enabled, variables }: SourceTransformation): Draft {
  return { code: code ?? "", enabled, variables: variables ?? {} };
}

/** Returns the fields that differ from what is stored. Code that is empty is removed. */
export function changeOf(draft: Draft, stored: Draft): TransformationPatch {
  const isCode = draft.code.trim() !== "";
  return {
    ...(draft.code !== stored.code && { code: isCode ? draft.code : null }),
    ...(isCode && draft.enabled !== stored.enabled && { enabled: draft.enabled }),
    ...(JSON.stringify(draft.variables) !== JSON.stringify(stored.variables) && { variables: draft.variables }),
  };
}

/** A request before or after the code ran. */
export interface ShownRequest {
  /** Method and URL, which code of a source's endpoint cannot change. */
  readonly method?: string;
  readonly url?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Simulated {
  readonly before: ShownRequest;
  readonly after: ShownRequest;
  readonly cancel: boolean;
  readonly cancelReason: string | null;
  readonly logs: readonly string[];
}

/** A message on which the code is tried. */
export type Sample =
  | { readonly kind: "message"; readonly id: string }
  /** `payload` is JSON text. */
  | { readonly kind: "payload"; readonly eventType: string; readonly payload: string };

/** The requests of the editor. */
export interface TransformationApi {
  /** The form of the code: `handler(webhook)` or, for endpoints of sources, `handler(input)`. */
  readonly form: "webhook" | "received";
  readonly get: (signal?: AbortSignal) => Promise<SourceTransformation>;
  /** Null if the user may not change the transformation. */
  readonly save: ((change: TransformationPatch) => Promise<unknown>) | null;
  /** Null if the user may not try it. */
  readonly simulate: ((draft: Draft, sample: Sample) => Promise<Simulated>) | null;
  /** Returns the newest messages; none if the user may not see them. */
  readonly messages: (signal: AbortSignal) => Promise<readonly SampleMessage[]>;
  /** Returns the names of event types that have examples. */
  readonly eventTypes: (signal: AbortSignal) => Promise<readonly string[]>;
  /** Returns the example payload of an event type as JSON text. */
  readonly example: (eventType: string) => Promise<string>;
}

export interface SampleMessage {
  readonly id: string;
  readonly eventType: string;
  readonly timestamp: string;
}

/** Returns the JSON text of a simulation of `handler(webhook)`. The text of the payload is not changed. */
export function webhookSimulation({ code, variables }: Draft, sample: Sample): string {
  if (sample.kind === "message") return JSON.stringify({ code, variables, messageId: sample.id });
  const { eventType, payload } = sample;
  return `${JSON.stringify({ code, variables, eventType }).slice(0, -1)},"payload":${payload}}`;
}

/** Returns the JSON text of a simulation of `handler(input)`. */
export function receivedSimulation({ code, variables }: Draft, sample: Sample): string {
  if (sample.kind === "message") return JSON.stringify({ code, variables, messageId: sample.id });
  const headers = { "content-type": "application/json" };
  return JSON.stringify({ code, variables, headers, body: sample.payload });
}

export function webhookResult({ before, ...after }: TransformationSimulation): Simulated {
  const { cancel, cancelReason, logs } = after;
  return { before: requestOf(before), after: requestOf(after), cancel, cancelReason, logs };
}

function requestOf({ method, url, headers, payload }: TransformationSimulation["before"]): ShownRequest {
  return { method, url, headers, body: payload };
}

export function receivedResult({ before, headers, body, ...result }: SourceTransformationSimulation): Simulated {
  return { ...result, before, after: { headers, body } };
}

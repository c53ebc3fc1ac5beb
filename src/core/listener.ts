/**
 * The protocol between a listener of an application and the server. A listener is a connection to which the
 * server copies the messages of an application. It is no endpoint: nothing is stored about it.
 */
import { createHmac } from "node:crypto";
import type { FrameBody } from "./frame-body.ts";
import type { Seq } from "./id.ts";
import { parseInstant } from "./instant.ts";
import { generateSecret } from "./signature.ts";
import { parseDuration } from "./unit.ts";

/** Maximum number of messages that a listener may be behind. Beyond it, it skips the oldest ones. */
export const LISTENER_BEHIND_MAX = 1000;
/** Number of messages that a listener gets before it must acknowledge some. */
export const LISTENER_WINDOW = 256;

/** The frames that a listener gets, as JSON texts. */
export type ListenerFrame =
  /**
   * Messages that are accepted from now on are copied. A listener that connects again passes the
   * `after` of the latest frame to continue after this frame.
   */
  | {
      readonly type: "ready";
      readonly after: string;
      /**
       * The last of the stored messages that the listener has requested with a count or a time, or null. A
       * listener that connects again passes it, so that none of them is skipped.
       */
      readonly requestedUntil: string | null;
    }
  | ({
      readonly type: "message";
      readonly after: string;
      readonly id: string;
      readonly eventType: string;
      /**
       * The method of the request to the local server, and the path that is appended to its URL. It is
       * empty unless a source received the message.
       */
      readonly method: string;
      readonly path: string;
      readonly headers: ReadonlyArray<readonly [name: string, value: string]>;
    } & FrameBody)
  /** The listener was too far behind. `isAtLeast` is true if not all skipped messages were counted. */
  | { readonly type: "skipped"; readonly after: string; readonly count: number; readonly isAtLeast: boolean };

/** The frame with which a listener acknowledges that many messages. */
export interface ListenerDone {
  readonly type: "done";
  readonly count: number;
}

/** The frames of a connection that reports what happens to an application, as JSON texts. */
export type TailFrame =
  | { readonly type: "ready" }
  | { readonly type: "message"; readonly time: string; readonly messageId: string; readonly eventType: string }
  | {
      readonly type: "attempt";
      readonly time: string;
      readonly messageId: string;
      readonly endpointId: string;
      readonly status: "success" | "fail";
      /** 0 if there was no response. */
      readonly responseStatusCode: number;
      readonly durationMs: number;
    }
  /** This many frames were not sent, because the client did not read for some time. */
  | { readonly type: "skipped"; readonly count: number };

/** Returns the number of messages that a frame of a listener acknowledges, or null for any other text. */
export function doneCount(text: string): number | null {
  try {
    const { type, count } = Object(JSON.parse(text)) as { type?: unknown; count?: unknown };
    return type === "done" && Number.isSafeInteger(count) && (count as number) > 0 ? (count as number) : null;
  } catch {
    return null;
  }
}

/**
 * Returns the secret with which the requests of an application's listeners are signed. It is the same
 * as long as the data directory has the same key. The text that is hashed is longer than a link to a
 * payload, for which the same key is used.
 */
export function listenerSecret(key: string, applicationSeq: Seq): string {
  return generateSecret(createHmac("sha256", key).update(`listeners of the application ${applicationSeq}`).digest());
}

/** The stored messages with which a listener begins. */
export type ReplayChoice =
  | { readonly kind: "last"; readonly count: number }
  | { readonly kind: "since"; readonly at: number }
  | { readonly kind: "messages"; readonly ids: readonly string[] };

export const REPLAY_FORM = "last:10, since:1h, since:2026-01-01T00:00:00Z or ids of messages (msg_…,msg_…)";
const REPLAY_LAST_MAX = 1000;
const REPLAY_IDS_MAX = 100;

/** Parses `last:N`, `since:` with a duration or a time, or ids of messages. Returns null for any other text. */
export function parseReplay(text: string, now: number): ReplayChoice | null {
  const [, kind, value = ""] = /^(last|since):(.*)$/.exec(text) ?? [];
  if (kind === "last") {
    const count = /^\d{1,4}$/.test(value) ? Number(value) : 0;
    return count >= 1 && count <= REPLAY_LAST_MAX ? { kind, count } : null;
  }
  if (kind === "since") {
    const ms = parseDuration(value);
    const at = ms === null ? parseInstant(value) : now - ms;
    return at === null ? null : { kind, at };
  }
  const ids = text.split(",");
  return ids.length <= REPLAY_IDS_MAX && ids.every((id) => /^msg_\w+$/.test(id)) ? { kind: "messages", ids } : null;
}

import type { Seq } from "../../../core/id.ts";
import type { Context } from "../../http/context.ts";
import type { Identity } from "../../identity/identity.ts";

export const hitKinds = [
  "application",
  "endpoint",
  "message",
  "attempt",
  "dead-letter",
  "source",
  "source-log-entry",
  "event-type",
  "task",
  "token",
  "session",
  "environment",
  "operational-endpoint",
  "audit-entry",
] as const;

/** A record that a search has found. */
export interface Hit {
  readonly kind: (typeof hitKinds)[number];
  readonly id: string;
  readonly title: string;
  readonly applicationSeq?: Seq;
  /** The message of an attempt or a dead letter. */
  readonly messageSeq?: Seq;
  /** The source of an entry of its log. */
  readonly sourceSeq?: Seq;
}

/** A search for a text by a caller. */
export type Call = Pick<Context, "store" | "ids" | "lookup" | "clock"> & {
  readonly identity: Identity;
  readonly text: string;
};

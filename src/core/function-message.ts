import type { Seq } from "./id.ts";

/** A message that a function sends. */
export interface FunctionMessage {
  /** The application of the function's endpoint. */
  readonly applicationSeq: Seq;
  /** The message that the function received. */
  readonly causeSeq: Seq;
  /** The delivery that the function handles. */
  readonly deliverySeq: Seq;
  /** Which message of this delivery it is, from 0. Each is sent at most once. */
  readonly index: number;
  /** The message in the form of the API. */
  readonly json: string;
}

/**
 * Sends a message of a function. Returns its id, also if an earlier attempt sent it, or why it was not
 * sent, as text for the author of the function.
 */
export type FunctionSender = (
  message: FunctionMessage,
) => Promise<{ readonly id: string } | { readonly problem: string }>;

import type { IdCodec, Seq } from "../../core/id.ts";
import { invalid } from "../../core/problem.ts";

/** Decodes the id of a message. Throws 422 at `loc` for any other text; `must` says what is expected. */
export function messageSeqOf(
  ids: IdCodec,
  text: string,
  loc: readonly string[],
  must = "Must be the id of a message (msg_…).",
): Seq {
  const seq = ids.decode("msg_", text);
  if (seq === null) throw invalid(loc, must);
  return seq;
}

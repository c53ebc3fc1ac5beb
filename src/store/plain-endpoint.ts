import type { Seq } from "../core/id.ts";
import { endpointFields } from "../core/resources/endpoint.ts";
import { defaultsOf } from "../core/resources/field.ts";
import type { Endpoint } from "./index.ts";

interface Made {
  readonly seq: Seq;
  readonly applicationSeq: Seq;
  readonly url: string;
  /** ms since the Unix epoch. */
  readonly now: number;
}

/** An endpoint that is made at this moment. */
export function plainEndpoint({ seq, applicationSeq, url, now }: Made): Endpoint {
  return {
    ...defaultsOf(endpointFields),
    seq,
    applicationSeq,
    url,
    createdAt: now,
    updatedAt: now,
  };
}

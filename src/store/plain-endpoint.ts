import type { Seq } from "../core/id.ts";
import type { Endpoint } from "./index.ts";

/** What can be set for an endpoint beside its address, of which nothing was said. */
export const plainSettings: Omit<
  Endpoint,
  "seq" | "applicationSeq" | "url" | "headers" | "failingSince" | "createdAt" | "updatedAt"
> = {
  uid: null,
  description: "",
  disabled: false,
  eventTypes: null,
  channels: null,
  metadata: {},
  version: 1,
  throttleRate: null,
  concurrency: null,
  ordering: "parallel",
  timeoutMs: null,
  retryScheduleMs: null,
  paused: false,
};

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
    ...plainSettings,
    seq,
    applicationSeq,
    url,
    headers: {},
    failingSince: null,
    createdAt: now,
    updatedAt: now,
  };
}

import type { Destination, FailureReason } from "../../../src/api/types.ts";
import { stateOf } from "../../delivery.ts";
import { Badge, type Tone } from "../../parts/badge.tsx";
import { Upcoming } from "../../parts/instant.tsx";

type Delivery = Pick<Destination, "status" | "reason" | "nextAttempt">;

/** The states that messages can be looked for by, in the words of the page and the numbers of the API. */
export const MESSAGE_STATES = [
  { status: 0, word: "delivered" },
  { status: 2, word: "failed" },
  { status: 3, word: "retrying" },
  { status: 1, word: "waiting" },
  { status: 4, word: "cancelled" },
] as const;

const SENDING = 3;

/** How far a message is on its way to one endpoint. */
export function MessageState({ of }: { of: Delivery }) {
  const [tone, word] = shown(of);
  return (
    <>
      <Badge tone={tone}>{word}</Badge>
      {word === "failed" && of.reason && <div class="muted small">{REASONS[of.reason]}</div>}
    </>
  );
}

function shown(of: Delivery): [Tone, string] {
  switch (stateOf(of)) {
    case "delivered":
      return ["good", "delivered"];
    case "pending":
      return ["wait", of.status === SENDING ? "retrying" : "waiting"];
    case "dead":
      return ["bad", "failed"];
    case "cancelled":
      return ["idle", "cancelled"];
  }
}

/** When it is tried again, if it is. */
export function NextAttempt({ at, isPaused }: { at: string | null; isPaused: boolean }) {
  if (at === null) return <span class="muted none">–</span>;
  return isPaused ? <span class="muted">when resumed</span> : <Upcoming at={at} />;
}

/** Why it failed, in words for people. */
const REASONS: Readonly<Record<FailureReason, string>> = {
  timeout: "no answer in time",
  connection: "no connection",
  dns: "the host name was not found",
  tls: "the certificate was refused",
  blocked: "the address is not allowed",
  status_3xx: "answered with a redirect",
  status_4xx: "refused by the endpoint (4xx)",
  status_5xx: "error of the endpoint (5xx)",
  gone: "answered 410 Gone",
  disabled: "the endpoint was disabled",
  transformation: "the transformation failed",
};

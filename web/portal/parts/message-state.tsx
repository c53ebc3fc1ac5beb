import type { Destination, FailureReason } from "../../../src/api/types.ts";
import { stateOf } from "../../kit/delivery.ts";
import { Badge, type Tone } from "../../kit/parts/badge.tsx";
import { Upcoming } from "../../kit/parts/instant.tsx";

type Delivery = Pick<Destination, "status" | "reason" | "nextAttempt">;

/** The states by which messages can be filtered, with their status codes in the API. */
export const MESSAGE_STATES = [
  { status: 0, word: "delivered" },
  { status: 2, word: "failed" },
  { status: 3, word: "retrying" },
  { status: 1, word: "waiting" },
  { status: 4, word: "cancelled" },
] as const;

const SENDING = 3;

/** Shows the state of a delivery. */
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

/** Shows the time of the next attempt, if there is one. */
export function NextAttempt({ at, isPaused }: { at: string | null; isPaused: boolean }) {
  if (at === null) return <span class="muted none">–</span>;
  return isPaused ? <span class="muted">when resumed</span> : <Upcoming at={at} />;
}

/** Texts for the reasons of failures. */
const REASONS: Readonly<Record<FailureReason, string>> = {
  timeout: "timeout",
  connection: "connection failed",
  dns: "host name not found",
  tls: "TLS error",
  blocked: "address not allowed",
  status_3xx: "redirect (3xx)",
  status_4xx: "client error (4xx)",
  status_5xx: "server error (5xx)",
  gone: "endpoint gone (410)",
  disabled: "endpoint disabled",
  transformation: "transformation failed",
};

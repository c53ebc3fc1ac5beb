import type { ComponentChildren } from "preact";
import type { Endpoint } from "../../../src/api/types.ts";
import { Badge } from "../parts/badge.tsx";
import { Instant } from "../parts/instant.tsx";
import { DISABLED_CAUSES } from "../reasons.ts";
import { ChallengeNotice } from "./challenge.tsx";
import style from "./state.module.css";

/** Shows the state of an endpoint as a badge. */
export function EndpointState({ endpoint }: { endpoint: Endpoint }) {
  if (endpoint.disabled) return <Badge tone="idle">disabled</Badge>;
  return (
    <span class="badges">
      {endpoint.paused && <Badge tone="wait">{endpoint.verified ? "paused" : "not verified"}</Badge>}
      {endpoint.failingSince !== null && <Badge tone="bad">failing</Badge>}
      {!endpoint.paused && endpoint.failingSince === null && <Badge tone="good">healthy</Badge>}
    </span>
  );
}

interface NoticeProps {
  readonly endpoint: Endpoint;
  /** A remark on the latest failure. */
  readonly failure?: ComponentChildren;
  /** Shown for a disabled endpoint: what can be done. */
  readonly remedy?: ComponentChildren;
  /** Shown for an endpoint that is not verified: how to try again. */
  readonly verify?: ComponentChildren;
}

function DisabledNotice({ endpoint: { disabledAt, disabledCause, failingSince }, failure, remedy }: NoticeProps) {
  return (
    <p class={style.notice}>
      This endpoint is disabled. It receives no messages, and new messages are not queued for it.{" "}
      {disabledAt !== null && disabledCause !== null && (
        <>
          It was disabled <Instant at={disabledAt} /> {DISABLED_CAUSES[disabledCause]}.
        </>
      )}
      {failingSince !== null && failure}
      {remedy}
    </p>
  );
}

/** Explains why an endpoint does not receive all messages. */
export function EndpointNotice(props: NoticeProps) {
  const { endpoint, failure, verify } = props;
  const { disabled, paused, failingSince, challenge } = endpoint;
  if (disabled) return <DisabledNotice {...props} />;
  return (
    <>
      {challenge !== undefined && <ChallengeNotice challenge={challenge}>{verify}</ChallengeNotice>}
      {paused && challenge === undefined && (
        <p class={style.notice} data-tone="wait">
          This endpoint is paused. Messages are queued and will be sent when you resume it.
        </p>
      )}
      {failingSince !== null && (
        <p class={style.notice} data-tone="bad">
          All attempts have failed since <Instant at={failingSince} />. Messages are retried, but an endpoint that keeps
          failing for days is disabled.
          {failure}
        </p>
      )}
    </>
  );
}

import type { EnvironmentEndpoint } from "../../../src/api/types.ts";
import { Badge, type Tone } from "../../kit/parts/badge.tsx";
import { Instant } from "../../kit/parts/instant.tsx";
import { DISABLED_CAUSES, reasonText } from "../../kit/reasons.ts";

type State = EnvironmentEndpoint["state"];

const TONES: Readonly<Record<State, Tone>> = { healthy: "good", failing: "bad", disabled: "bad", paused: "wait" };

/** Shows the state of an endpoint in a list, since when, and why. A paused endpoint can be failing too. */
export function EndpointState({ of }: { of: EnvironmentEndpoint }) {
  const { state, verified, disabledAt, disabledCause, failingSince, failureReason } = of;
  const isFailing = failingSince !== null && state !== "disabled";
  return (
    <div>
      <span class="badges">
        <Badge tone={TONES[state]}>{state === "paused" && !verified ? "not verified" : state}</Badge>
        {isFailing && state !== "failing" && <Badge tone={TONES.failing}>failing</Badge>}
      </span>
      {state === "disabled" && (disabledAt !== null || disabledCause !== null) && (
        <div class="muted small">
          {disabledAt !== null && (
            <>
              since <Instant at={disabledAt} />
            </>
          )}
          {disabledCause !== null && ` ${DISABLED_CAUSES[disabledCause]}`}
        </div>
      )}
      {isFailing && (
        <div class="muted small">
          failing since <Instant at={failingSince} />
        </div>
      )}
      {failureReason !== null && <div class="muted small">latest failure: {reasonText(failureReason)}</div>}
    </div>
  );
}

import type { EnvironmentEndpoint } from "../../../src/api/types.ts";
import { Badge, type Tone } from "../../kit/parts/badge.tsx";
import { Instant } from "../../kit/parts/instant.tsx";
import { DISABLED_CAUSES } from "../../kit/reasons.ts";

type State = EnvironmentEndpoint["state"];

const TONES: Readonly<Record<State, Tone>> = { healthy: "good", failing: "bad", disabled: "bad", paused: "wait" };

/** Shows the state of an endpoint in a list: since when, and why it is disabled. */
export function EndpointState({ of }: { of: EnvironmentEndpoint }) {
  const { state, disabledAt, disabledCause, failingSince } = of;
  const since = state === "disabled" ? disabledAt : state === "failing" ? failingSince : null;
  return (
    <div>
      <Badge tone={TONES[state]}>{state}</Badge>
      {since !== null && (
        <div class="muted small">
          since <Instant at={since} />
          {state === "disabled" && disabledCause !== null && ` ${DISABLED_CAUSES[disabledCause]}`}
        </div>
      )}
    </div>
  );
}

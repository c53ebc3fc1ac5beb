import { useId, useState } from "preact/hooks";
import type { Endpoint } from "../../../src/api/types.ts";
import { recover, replayMissing } from "../api.ts";
import { may } from "../session.ts";
import { Outcome, useAction } from "./action.tsx";
import { CardSection } from "./section.tsx";

const HOUR_MS = 3_600_000;
const SINCE = [
  { ms: HOUR_MS, label: "the last hour" },
  { ms: 24 * HOUR_MS, label: "the last day" },
  { ms: 3 * 24 * HOUR_MS, label: "the last 3 days" },
  { ms: 7 * 24 * HOUR_MS, label: "the last week" },
  { ms: 14 * 24 * HOUR_MS, label: "the last 2 weeks" },
] as const;
const STARTED = "Started. The messages will be sent within a few minutes.";

/** Resends failed messages and sends messages that the endpoint has missed. */
export function SendAgainSection({ endpoint }: { endpoint: Endpoint }) {
  const id = useId();
  const [ms, setMs] = useState<number>(SINCE[1].ms);
  const action = useAction();
  const canRecover = may("v1.endpoint.recover");
  const canReplay = may("v1.endpoint.replay-missing");
  if (!canRecover && !canReplay) return null;

  const start = (send: typeof recover) => () =>
    action.run(() => send(endpoint.id, new Date(Date.now() - ms).toISOString()), STARTED);
  const disabled = action.busy || endpoint.disabled;
  return (
    <CardSection
      title="Resend messages"
      about="Failed messages were sent but never accepted by the endpoint. Missed messages were never sent, because the endpoint was disabled, did not exist yet or had other event types at the time."
    >
      <div class="send-again">
        <label for={id}>From</label>
        <select id={id} value={ms} onChange={(event) => setMs(Number(event.currentTarget.value))}>
          {SINCE.map(({ ms, label }) => (
            <option key={ms} value={ms}>
              {label}
            </option>
          ))}
        </select>
        {canRecover && (
          <button type="button" class="outline" disabled={disabled} onClick={start(recover)}>
            Resend failed
          </button>
        )}
        {canReplay && (
          <button type="button" class="outline" disabled={disabled} onClick={start(replayMissing)}>
            Send missed
          </button>
        )}
      </div>
      <Outcome action={action} />
    </CardSection>
  );
}

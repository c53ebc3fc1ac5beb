import { useState } from "preact/hooks";
import type { Endpoint } from "../../../src/api/types.ts";
import { Confirm, Outcome, useActionThen } from "../../kit/parts/action.tsx";
import { Field, SelectField } from "../../kit/parts/field.tsx";
import { localTime } from "../../kit/parts/filter-bar.tsx";
import { CardSection } from "../../kit/parts/section.tsx";
import { type EndpointKey, type Replaying, startReplay, type Window } from "../api/endpoints.ts";
import { TASKS } from "../links.ts";
import { refresh } from "../live.ts";

const HOUR_MS = 3_600_000;
const KINDS: readonly { readonly value: Replaying; readonly label: string }[] = [
  { value: "recover", label: "that failed: dead letters and those that wait for a retry" },
  { value: "replay-missing", label: "that were never sent to it" },
];

/** Sends messages of a range of time to the endpoint again, or for the first time. */
export function Replay({ of, endpoint }: { of: EndpointKey; endpoint: Endpoint }) {
  const [kind, setKind] = useState<Replaying>("recover");
  const [since, setSince] = useState(() => localTime(new Date(Date.now() - 24 * HOUR_MS).toISOString()));
  const [until, setUntil] = useState("");
  const [times, setTimes] = useState(0);
  const action = useActionThen(refresh);
  const window = windowOf(since, until);
  const start = async () => {
    if (await action.run(() => startReplay(of, kind, window!), "Started.")) setTimes(times + 1);
  };
  return (
    <CardSection title="Send messages again" about="Messages that were accepted in a range of time.">
      <SelectField label="Messages" value={kind} choices={KINDS} onChange={(value) => setKind(value as Replaying)} />
      <TimeField label="Accepted since" value={since} onInput={setSince} />
      <TimeField label="Until (empty means now)" value={until} onInput={setUntil} />
      {endpoint.disabled ? (
        <p class="muted small">Enable the endpoint to send to it.</p>
      ) : window === null ? (
        <p class="muted small">Enter when the range begins.</p>
      ) : (
        <Confirm
          key={`${times} ${kind} ${since} ${until}`}
          label="Send again"
          question={`Send these messages to ${endpoint.url}?`}
          confirm="Send messages"
          action={action}
          onConfirm={() => void start()}
        />
      )}
      <Outcome action={action} />
      {action.done !== null && (
        <p class="small">
          <a href={TASKS}>Follow its progress</a>
        </p>
      )}
    </CardSection>
  );
}

function TimeField({ label, value, onInput }: { label: string; value: string; onInput: (value: string) => void }) {
  return (
    <Field label={label}>
      {(control) => (
        <input
          {...control}
          type="datetime-local"
          step="1"
          value={value}
          onInput={(event) => onInput(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

/** Returns the range in the form of the API; null if its start is not a time. */
function windowOf(since: string, until: string): Window | null {
  const from = new Date(since);
  const to = new Date(until);
  if (Number.isNaN(from.getTime())) return null;
  return { since: from.toISOString(), until: Number.isNaN(to.getTime()) ? null : to.toISOString() };
}

import { useState } from "preact/hooks";
import type { Endpoint } from "../../../src/api/types.ts";
import { formatCount } from "../../kit/format.ts";
import { Confirm, Outcome, useActionThen } from "../../kit/parts/action.tsx";
import { Field, SelectField } from "../../kit/parts/field.tsx";
import { localTime } from "../../kit/parts/filter-bar.tsx";
import { CardSection } from "../../kit/parts/section.tsx";
import { problemsOf, remainingProblem } from "../../kit/problems.ts";
import { counted } from "../../kit/words.ts";
import {
  countReplay,
  type EndpointKey,
  type Replaying,
  type ReplayPreview,
  startReplay,
  type Window,
} from "../api/endpoints.ts";
import { taskLink } from "../links.ts";
import { refresh } from "../live.ts";

const HOUR_MS = 3_600_000;
const KINDS: readonly { readonly value: Replaying; readonly label: string }[] = [
  { value: "recover", label: "that failed: dead letters and those that wait for a retry" },
  { value: "replay-missing", label: "that were never sent to it" },
  { value: "bulk-replay", label: "that were sent, delivered or not" },
];

/** Sends messages of a range of time to the endpoint again, or for the first time, after a preview. */
export function Replay({ of, endpoint }: { of: EndpointKey; endpoint: Endpoint }) {
  const [kind, setKind] = useState<Replaying>("recover");
  const [since, setSince] = useState(() => localTime(new Date(Date.now() - 24 * HOUR_MS).toISOString()));
  const [until, setUntil] = useState("");
  const [preview, setPreview] = useState<ReplayPreview | null>(null);
  const [started, setStarted] = useState<string | null>(null);
  const action = useActionThen(refresh);
  const problems = problemsOf(action.error);
  const window = windowOf(since, until);
  const change = (set: (value: string) => void) => (value: string) => {
    setPreview(null);
    set(value);
  };
  const count = () => action.run(async () => setPreview(await countReplay(of, kind, window!)));
  const start = async () => {
    if (await action.run(async () => setStarted((await startReplay(of, kind, window!)).id), "Started."))
      setPreview(null);
  };
  return (
    <CardSection title="Send messages again" about="Messages that were accepted in a range of time.">
      <SelectField
        label="Messages"
        value={kind}
        choices={KINDS}
        onChange={change((value) => setKind(value as Replaying))}
      />
      <TimeField
        label="Accepted since"
        value={since}
        problem={problems.since ?? (window === null ? "Enter when the range begins." : null)}
        onInput={change(setSince)}
      />
      <TimeField
        label="Until (empty means now)"
        value={until}
        problem={problems.until ?? null}
        onInput={change(setUntil)}
      />
      {endpoint.disabled ? (
        <p class="muted small">Enable the endpoint to send to it.</p>
      ) : preview === null ? (
        <button type="button" class="outline" disabled={action.busy || window === null} onClick={count}>
          Count messages
        </button>
      ) : preview.count === 0 && !preview.more ? (
        <p role="status">No messages to send.</p>
      ) : (
        <Confirm
          label={`Send ${sizeOf(preview)}`}
          question={`Send ${sizeOf(preview)} to ${endpoint.url}?`}
          confirm="Send messages"
          action={action}
          onConfirm={() => void start()}
        />
      )}
      <Outcome action={{ ...action, problem: remainingProblem(action.error, ["since", "until"]) }} />
      {action.done !== null && started !== null && (
        <p class="small">
          <a href={taskLink(started)}>Follow its progress</a>
        </p>
      )}
    </CardSection>
  );
}

function sizeOf({ count, more }: ReplayPreview): string {
  return more ? `${formatCount(count)} or more messages` : counted(count, "message");
}

interface TimeFieldProps {
  readonly label: string;
  readonly value: string;
  readonly problem: string | null;
  readonly onInput: (value: string) => void;
}

function TimeField({ label, value, problem, onInput }: TimeFieldProps) {
  return (
    <Field label={label} problem={problem}>
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

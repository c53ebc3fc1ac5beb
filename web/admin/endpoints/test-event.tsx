import { useId, useState } from "preact/hooks";
import type { Endpoint } from "../../../src/api/types.ts";
import { Outcome, useActionThen } from "../../kit/parts/action.tsx";
import { Field, TextField } from "../../kit/parts/field.tsx";
import { CardSection } from "../../kit/parts/section.tsx";
import { problemsOf, remainingProblem } from "../../kit/problems.ts";
import { type EndpointKey, sendTestEvent } from "../api/endpoints.ts";
import { getEventTypes, getExample } from "../api/event-types.ts";
import { jsonProblem } from "../event-types/schema-editor.tsx";
import { messageLink } from "../links.ts";
import { refresh } from "../live.ts";
import { useLoaded } from "../reload.ts";
import { useTyped } from "../typed.ts";

/** An event type that can be sent although nobody has created it. */
const PING = "svix.ping";
const PING_PAYLOAD = '{"success": true}';
const PAYLOAD_ROWS = 6;

/** Sends an event to this endpoint only, also of a type that has no schema or does not exist. */
export function TestEvent({ of, endpoint }: { of: EndpointKey; endpoint: Endpoint }) {
  const [type, setType] = useState(PING);
  /** What the user has written; null while the example of the type is shown. */
  const [own, setOwn] = useState<string | null>(null);
  const [sent, setSent] = useState<string | null>(null);
  const [types] = useLoaded("event-types", getEventTypes);
  const example = useExampleOf(type.trim());
  const list = useId();
  const action = useActionThen(refresh);
  const payload = own ?? example;
  const malformed = payload.trim() === "" ? "The payload must be a JSON object." : jsonProblem(payload);
  const problems = problemsOf(action.error);

  const submit = (event: Event) => {
    event.preventDefault();
    setSent(null);
    void action.run(async () => setSent(await sendTestEvent(of, type.trim(), payload)));
  };
  return (
    <CardSection
      title="Send a test event"
      about="A test event goes to this endpoint only, also if the endpoint does not subscribe to its type."
    >
      <form onSubmit={submit} noValidate>
        <Field label="Event type" problem={problems.eventType ?? null}>
          {(control) => (
            <input
              {...control}
              list={list}
              autocomplete="off"
              spellcheck={false}
              value={type}
              onInput={(event) => setType(event.currentTarget.value)}
            />
          )}
        </Field>
        <datalist id={list}>
          {[PING, ...(types.value ?? []).map(({ name }) => name)].map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
        <TextField
          label="Payload"
          rows={PAYLOAD_ROWS}
          value={payload}
          onInput={(text) => setOwn(text === "" ? null : text)}
          problem={malformed ?? problems.payload ?? null}
          help="A JSON object, sent exactly as it is written here. Clear it to see the example of the event type."
        />
        <div class="buttons">
          <button
            type="submit"
            class="outline"
            disabled={action.busy || endpoint.disabled || malformed !== null || type.trim() === ""}
          >
            Send test event
          </button>
          <Outcome action={{ ...action, problem: remainingProblem(action.error, ["eventType", "payload"]) }} />
          {sent !== null && (
            <p role="status" class="small">
              {endpoint.paused ? "Queued: the endpoint is paused. " : "Sent. "}
              <a href={messageLink(of.app, sent)}>See how the endpoint responds</a>
            </p>
          )}
        </div>
        {endpoint.disabled && <p class="muted small">Enable the endpoint to send to it.</p>}
      </form>
    </CardSection>
  );
}

/** Returns an example of an event type as JSON text; an empty object until it is read or if there is none. */
function useExampleOf(name: string): string {
  const isRead = name !== PING && name !== "";
  const { value } = useTyped(isRead ? name : null, (signal) => getExample(name, signal));
  return name === PING ? PING_PAYLOAD : JSON.stringify(value?.payload ?? {}, null, 2);
}

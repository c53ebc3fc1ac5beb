import { useEffect, useState } from "preact/hooks";
import { isJson } from "../../json.ts";
import { type Action, Outcome, useActionThen } from "../../parts/action.tsx";
import { TextField } from "../../parts/field.tsx";
import { CardSection } from "../../parts/section.tsx";
import { useOnce } from "../../reading.ts";
import type { Draft, Sample, Simulated, TransformationApi } from "./model.ts";
import { Result } from "./result.tsx";
import { SampleChoice } from "./sample-choice.tsx";

interface TrialProps {
  readonly of: string;
  readonly api: TransformationApi;
  readonly draft: Draft;
  /** Called with an error of the server, so that the code shows its place. */
  readonly onProblems: (error: unknown) => void;
  /** Returns what to show beside the button. */
  readonly outcome: (action: Action) => Action;
}

const ROWS = 8;
const OWN = "own";
const OWN_EVENT_TYPE = "invoice.paid";
const OWN_PAYLOAD = '{\n  "id": 1,\n  "amount": 25\n}';
/** Begin the values of choices of the two lists of samples. */
const [MESSAGE, EXAMPLE] = ["message ", "example "];

/** Runs the code of the editor on a stored message, on an example, or on a payload of the user. */
export function Trial({ of, api, draft, onProblems, outcome }: TrialProps) {
  const messages = useOnce(of, (signal) => api.messages(signal)).value;
  const eventTypes = useOnce(of, (signal) => api.eventTypes(signal)).value;
  const [chosen, setChosen] = useState<string | null>(null);
  const [eventType, setEventType] = useState(OWN_EVENT_TYPE);
  const [payload, setPayload] = useState(OWN_PAYLOAD);
  const [result, setResult] = useState<Simulated | null>(null);
  const [payloadProblem, setPayloadProblem] = useState<string | null>(null);
  const action = useActionThen(null);
  const newest = messages?.[0];
  const choice = chosen ?? (newest === undefined ? OWN : MESSAGE + newest.id);
  // A result of other code or of another message would mislead.
  useEffect(() => setResult(null), [draft.code, draft.variables, choice, eventType, payload]);

  const sample = async (): Promise<Sample> => {
    if (choice.startsWith(MESSAGE)) return { kind: "message", id: choice.slice(MESSAGE.length) };
    if (choice === OWN) return { kind: "payload", eventType, payload };
    const name = choice.slice(EXAMPLE.length);
    return { kind: "payload", eventType: name, payload: await api.example(name) };
  };
  const run = async () => {
    setResult(null);
    onProblems(null);
    const wrong = choice === OWN && api.form === "webhook" && !isJson(payload) ? "Must be valid JSON." : null;
    setPayloadProblem(wrong);
    if (wrong !== null) return;
    await action.run(async () => {
      const simulated = await api.simulate!(draft, await sample()).catch((error: unknown) => {
        onProblems(error);
        throw error;
      });
      setResult(simulated);
    });
  };

  return (
    <CardSection title="Try it" about="Runs the code above, saved or not. Nothing is sent or stored.">
      <SampleChoice
        form={api.form}
        value={choice}
        messages={(messages ?? []).map(({ id, ...message }) => ({ value: MESSAGE + id, ...message }))}
        examples={(eventTypes ?? []).map((name) => ({ value: EXAMPLE + name, name }))}
        own={OWN}
        onChange={setChosen}
      />
      {choice === OWN && (
        <>
          {api.form === "webhook" && <TextField label="Event type" value={eventType} onInput={setEventType} />}
          <TextField
            label={api.form === "webhook" ? "Payload" : "Body"}
            problem={payloadProblem}
            value={payload}
            onInput={(text) => {
              setPayload(text);
              setPayloadProblem(null);
            }}
            rows={ROWS}
          />
        </>
      )}
      <div class="buttons">
        <button type="button" class="outline" disabled={action.busy || draft.code.trim() === ""} onClick={run}>
          Run
        </button>
        <Outcome action={outcome(action)} />
      </div>
      {result !== null && <Result of={result} />}
    </CardSection>
  );
}

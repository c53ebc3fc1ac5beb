import { useState } from "preact/hooks";
import type { Provider, Source } from "../../../src/api/types.ts";
import { useFocusOnProblem } from "../../kit/focus.ts";
import { Outcome } from "../../kit/parts/action.tsx";
import { SelectField, TextField } from "../../kit/parts/field.tsx";
import { CardSection } from "../../kit/parts/section.tsx";
import { Changing } from "../parts/may.tsx";
import { changeSource } from "./api.ts";
import { changeOf, draftOf, type GeneralDraft, type GeneralField, problemsIn } from "./general.ts";
import style from "./general-form.module.css";
import { useAction } from "./use.ts";
import { takesFromQueue } from "./words.ts";

/** Changes the name of a source, its response, its event type, how duplicates are recognised, and its rate. */
export function GeneralSettings({ source, provider }: { source: Source; provider: Provider | null }) {
  const [saved, setSaved] = useState(() => draftOf(source));
  const [draft, setDraft] = useState(saved);
  const action = useAction();
  const problems = problemsIn(action.error);
  const form = useFocusOnProblem(Object.keys(problems.at).join(" "));
  const change = changeOf(draft, saved);
  const save = async (event: Event) => {
    event.preventDefault();
    if (await action.run(() => changeSource(source.id, change), "Saved.")) setSaved(draft);
  };
  const set = (part: Partial<GeneralDraft>) => setDraft({ ...draft, ...part });
  const problemAt = (field: GeneralField) => problems.at[field] ?? null;
  const fields = { draft, set, problemAt };
  const isSchedule = source.provider === "cron";
  const isQueue = takesFromQueue(provider);
  return (
    <CardSection title="Settings">
      <form onSubmit={save} noValidate ref={form}>
        <Changing operation="v1.ingest.source.patch">
          <Names {...fields} />
          {!isSchedule && (
            <>
              {!isQueue && <Answer {...fields} />}
              <Duplicates {...fields} />
              <TextField
                label="Maximum messages per second"
                isOptional
                value={draft.ingestRate}
                onInput={(ingestRate) => set({ ingestRate })}
                problem={problemAt("ingestRate")}
                input={{ inputMode: "numeric" }}
                help={`${isQueue ? "The rest waits in the queue." : "Requests beyond it get 429."} Leave empty for no limit.`}
              />
            </>
          )}
          <TextField
            label="Metadata"
            isOptional
            rows={3}
            value={draft.metadata}
            onInput={(metadata) => set({ metadata })}
            problem={problemAt("metadata")}
            help='A JSON object whose values are strings, such as {"team": "billing"}.'
          />
          <label class="check">
            <input
              type="checkbox"
              checked={draft.disabled}
              onChange={(event) => set({ disabled: event.currentTarget.checked })}
            />
            Disabled: nothing is received{isQueue ? ", and the queue keeps its messages" : ""}.
          </label>
          <div class="buttons">
            <button type="submit" disabled={action.busy || Object.keys(change).length === 0}>
              Save settings
            </button>
            <Outcome action={{ ...action, problem: problems.rest }} />
          </div>
        </Changing>
      </form>
    </CardSection>
  );
}

interface PartProps {
  readonly draft: GeneralDraft;
  readonly set: (part: Partial<GeneralDraft>) => void;
  readonly problemAt: (field: GeneralField) => string | null;
}

function Names({ draft, set, problemAt }: PartProps) {
  return (
    <>
      <div class={style.pair}>
        <TextField label="Name" value={draft.name} onInput={(name) => set({ name })} problem={problemAt("name")} />
        <TextField
          label="UID"
          isOptional
          value={draft.uid}
          onInput={(uid) => set({ uid })}
          problem={problemAt("uid")}
          help="Your own ID for the source: letters, digits and - _ . It can be used instead of the ID in requests."
        />
      </div>
      <TextField
        label="Event type"
        isOptional
        value={draft.eventType}
        onInput={(eventType) => set({ eventType })}
        problem={problemAt("eventType")}
        input={{ placeholder: "$.type" }}
        help="Where the type is found: a path in the body such as $.type, a header such as header:X-Event, or a name. Leave empty for the provider's."
      />
    </>
  );
}

const ANSWERS = [
  { value: "", label: "the provider's" },
  { value: "own", label: "my own" },
];

function Answer({ draft, set, problemAt }: PartProps) {
  return (
    <fieldset class={style.group} aria-label="Response to the sender">
      <SelectField
        label="Response to the sender"
        value={draft.ownAnswer ? "own" : ""}
        choices={ANSWERS}
        onChange={(value) => set({ ownAnswer: value === "own" })}
      />
      {draft.ownAnswer && (
        <>
          <TextField
            label="Status"
            value={draft.status}
            onInput={(status) => set({ status })}
            problem={problemAt("answer.status")}
            input={{ inputMode: "numeric" }}
            help="From 200 to 299."
          />
          <TextField
            label="Response headers"
            isOptional
            rows={3}
            value={draft.headers}
            onInput={(headers) => set({ headers })}
            problem={problemAt("answer.headers")}
            input={{ placeholder: "content-type: application/json" }}
            help="One per line, such as content-type: application/json."
          />
          <TextField
            label="Response body"
            isOptional
            rows={3}
            value={draft.body}
            onInput={(body) => set({ body })}
            problem={problemAt("answer.body")}
          />
        </>
      )}
    </fieldset>
  );
}

const DUPLICATES = [
  { value: "skip", label: "store only the first one" },
  { value: "", label: "store all" },
];

function Duplicates({ draft, set, problemAt }: PartProps) {
  return (
    <fieldset class={style.group} aria-label="Duplicates">
      <SelectField
        label="Duplicates"
        value={draft.skipsDuplicates ? "skip" : ""}
        choices={DUPLICATES}
        onChange={(value) => set({ skipsDuplicates: value === "skip" })}
      />
      {draft.skipsDuplicates && (
        <div class={style.pair}>
          <TextField
            label="Recognised by"
            value={draft.by}
            onInput={(by) => set({ by })}
            problem={problemAt("deduplicate.by")}
            help="delivery-id, body, a path such as $.id, or header:Name."
          />
          <TextField
            label="Remembered for seconds"
            value={draft.windowSeconds}
            onInput={(windowSeconds) => set({ windowSeconds })}
            problem={problemAt("deduplicate.windowSeconds")}
            input={{ inputMode: "numeric" }}
            help="Counted from the first one. 86400 is a day."
          />
        </div>
      )}
    </fieldset>
  );
}

import { useState } from "preact/hooks";
import type { SourceTransformation } from "../../../../src/api/types.ts";
import { ApiError } from "../../client.ts";
import { useDraft } from "../../drafts.ts";
import { type Action, Confirm, Outcome, useActionThen } from "../../parts/action.tsx";
import { CodeField } from "../../parts/code-field.tsx";
import { CardSection, Read } from "../../parts/section.tsx";
import { useOnce } from "../../reading.ts";
import { changeOf, type Draft, draftOf, type TransformationApi } from "./model.ts";
import { PresetChoice } from "./preset-choice.tsx";
import style from "./transformation.module.css";
import { Trial } from "./trial.tsx";
import { Variables } from "./variables.tsx";

interface SectionProps {
  /** Names the endpoint, among all whose transformations the user may edit. */
  readonly of: string;
  readonly api: TransformationApi;
}

/** Shows the transformation of an endpoint, runs it on messages, and changes it. */
export function TransformationSection({ of, api }: SectionProps) {
  const loaded = useOnce(of, (signal) => api.get(signal));
  return (
    <Read of={loaded} lines={8}>
      {(transformation) => <Editor key={of} of={of} api={api} loaded={transformation} />}
    </Read>
  );
}

function Editor({ of, api, loaded }: SectionProps & { readonly loaded: SourceTransformation }) {
  const [stored, setStored] = useState(() => draftOf(loaded));
  const draft = useDraft(`transformation ${of}`, stored);
  const [problems, setProblems] = useState<Problems>({});
  const saving = useActionThen(null);
  const edit = (change: Partial<Draft>) => {
    setProblems({});
    draft.change({ ...draft.value, ...change });
  };
  const save = async () => {
    await api.save!(changeOf(draft.value, stored)).catch((error: unknown) => {
      setProblems(problemsOf(error));
      throw error;
    });
    setStored(draftOf(await api.get()));
    draft.discard();
  };
  const isReadOnly = api.save === null;
  return (
    <>
      <CardSection title="Transformation" about={ABOUT[api.form]}>
        {!isReadOnly && <PresetChoice form={api.form} code={draft.value.code} onChoose={(code) => edit({ code })} />}
        <CodeField
          label="Code"
          help={HELP[api.form]}
          problem={problems.code ?? null}
          value={draft.value.code}
          onInput={(code) => edit({ code })}
          isReadOnly={isReadOnly}
        />
        <Variables
          of={draft.value.variables}
          problem={problems.variables ?? null}
          onChange={isReadOnly ? null : (variables) => edit({ variables })}
        />
        <label class={style.enabled}>
          <input
            type="checkbox"
            checked={draft.value.enabled}
            disabled={isReadOnly || draft.value.code.trim() === ""}
            onChange={(event) => edit({ enabled: event.currentTarget.checked })}
          />
          Run this code at each attempt
        </label>
        {!isReadOnly && (
          <div class="buttons">
            <button
              type="button"
              disabled={saving.busy || !draft.isChanged}
              onClick={() => {
                setProblems({});
                void saving.run(save, draft.value.enabled ? SAVED : SAVED_ONLY);
              }}
            >
              Save transformation
            </button>
            {draft.isChanged && (
              <>
                <Confirm
                  label="Discard changes"
                  confirm="Discard"
                  question="Discard the changes that have not been saved?"
                  action={saving}
                  onConfirm={() => void saving.run(async () => draft.discard())}
                />
                <span class="muted small">There are unsaved changes.</span>
              </>
            )}
            <Outcome action={outcomeOf(saving, problems, draft.isChanged)} />
          </div>
        )}
      </CardSection>
      {api.simulate !== null && (
        <Trial
          of={of}
          api={api}
          draft={draft.value}
          onProblems={(error) => setProblems(problemsOf(error))}
          outcome={(action) => outcomeOf(action, problems, false)}
        />
      )}
    </>
  );
}

const SAVED = "Saved. It applies to all attempts from now on.";
const SAVED_ONLY = "Saved. The code does not run, because it is not enabled.";

/** Returns what to show beside a button. Problems of fields are shown there, and end with an edit. */
function outcomeOf(action: Action, problems: Problems, isChanged: boolean): Action {
  const shown = isChanged ? { ...action, done: null } : action;
  if (Object.keys(problemsOf(action.error)).length === 0) return shown;
  const isOpen = Object.keys(problems).length > 0;
  return { ...shown, problem: isOpen ? "Correct what is marked above." : null };
}

/** The problems that the server found, by the field that shows them. */
interface Problems {
  readonly code?: string;
  readonly variables?: string;
}

function problemsOf(error: unknown): Problems {
  if (!(error instanceof ApiError)) return {};
  const of = (name: string) => error.findings.find(({ loc }) => loc[1] === name)?.msg;
  const [code, variables] = [of("code"), of("variables")];
  return { ...(code !== undefined && { code }), ...(variables !== undefined && { variables }) };
}

const ABOUT = {
  webhook: "JavaScript that changes what this endpoint gets: payload, headers, path, query and method, or nothing.",
  received: "JavaScript that changes what this endpoint gets of a received request: its headers and its body.",
} as const;

const HELP = {
  webhook: (
    <>
      <code>function handler(webhook)</code> returns the webhook. It may change <code>payload</code>,{" "}
      <code>headers</code>, <code>url</code> and <code>method</code>, or set <code>cancel</code> to a reason.
    </>
  ),
  received: (
    <>
      <code>function handler(input)</code> gets <code>input.headers</code> and <code>input.body</code>, a text, and
      returns an object with <code>headers</code> and <code>body</code>.
    </>
  ),
} as const;

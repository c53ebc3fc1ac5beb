import { useState } from "preact/hooks";
import type { CreatedApiToken } from "../../../src/api/types.ts";
import { Outcome, useActionThen } from "../../kit/parts/action.tsx";
import { Code } from "../../kit/parts/code.tsx";
import { type Choice, SelectField, TextField } from "../../kit/parts/field.tsx";
import { CardSection } from "../../kit/parts/section.tsx";
import { problemsOf, remainingProblem } from "../../kit/problems.ts";
import { createToken } from "../api/tokens.ts";
import { CustomerField } from "../parts/choosing.tsx";
import style from "./form.module.css";
import { ScopeChoice } from "./scope-choice.tsx";

const DAY_SECONDS = 86_400;
const EXPIRIES: readonly Choice[] = [
  { value: "", label: "never" },
  { value: "3600", label: "in 1 hour" },
  { value: String(DAY_SECONDS), label: "in 1 day" },
  { value: String(7 * DAY_SECONDS), label: "in 7 days" },
  { value: String(30 * DAY_SECONDS), label: "in 30 days" },
  { value: String(90 * DAY_SECONDS), label: "in 90 days" },
  { value: String(365 * DAY_SECONDS), label: "in 1 year" },
];
const RIGHTS: readonly Choice[] = [
  { value: "all", label: "everything" },
  { value: "some", label: "selected scopes" },
];
/** The fields of a request that the form shows problems at. */
const FIELDS = ["name", "appId", "scopes", "expiry"];

const EMPTY = { name: "", appId: "", rights: "all", isReadOnly: false, scopes: new Set<string>(), expiry: "" };
type Draft = Omit<typeof EMPTY, "scopes"> & { readonly scopes: ReadonlySet<string> };

/** Creates a token and shows it once. */
export function TokenForm({ onCreate }: { onCreate: () => void }) {
  const [draft, setDraft] = useState<Draft>(EMPTY);
  const [created, setCreated] = useState<CreatedApiToken | null>(null);
  const action = useActionThen(onCreate);
  /** Whether the user tried to create an incomplete token, which shows what is missing. */
  const [isTried, setTried] = useState(false);
  const missing = missingOf(draft);
  const problems = { ...problemsOf(action.error), ...(isTried && missing) };
  const change = (part: Partial<Draft>) => setDraft({ ...draft, ...part });
  const submit = (event: Event) => {
    event.preventDefault();
    setCreated(null);
    const isIncomplete = Object.keys(missing).length > 0;
    setTried(isIncomplete);
    if (isIncomplete) return;
    void action.run(async () => {
      setCreated(await createToken(creationOf(draft)));
      setDraft(EMPTY);
    });
  };
  return (
    <CardSection title="New token">
      <form onSubmit={submit} noValidate>
        <TextField
          label="Name"
          value={draft.name}
          onInput={(name) => change({ name })}
          problem={problems.name ?? null}
          help="What uses the token, such as billing service."
        />
        <div class={style.pair}>
          <CustomerField
            label="Customer"
            isOptional
            value={draft.appId}
            onChoose={(appId) => change({ appId })}
            problem={problems.appId ?? null}
            help="Limits the token to the endpoints and messages of one customer."
          />
          <SelectField
            label="Expires"
            value={draft.expiry}
            choices={EXPIRIES}
            onChange={(expiry) => change({ expiry })}
            problem={problems.expiry ?? null}
          />
          <SelectField label="May do" value={draft.rights} choices={RIGHTS} onChange={(rights) => change({ rights })} />
        </div>
        {draft.rights === "some" && (
          <ScopeChoice
            chosen={draft.scopes}
            onChange={(scopes) => change({ scopes })}
            problem={problems.scopes ?? null}
          />
        )}
        <label class="check">
          <input
            type="checkbox"
            checked={draft.isReadOnly}
            onChange={(event) => change({ isReadOnly: event.currentTarget.checked })}
          />
          Read-only: reads everything except secrets, changes nothing
        </label>
        <div class="buttons">
          <button type="submit" disabled={action.busy} aria-busy={action.busy}>
            Create token
          </button>
          <Outcome action={{ ...action, problem: remainingProblem(action.error, FIELDS) }} />
        </div>
      </form>
      {created !== null && <Created token={created} />}
    </CardSection>
  );
}

function Created({ token: { name, token } }: { token: CreatedApiToken }) {
  return (
    <div class={style.created} role="status">
      <p>
        Copy the token <strong>{name}</strong> now. It is not shown again.
      </p>
      <Code copy={token}>{token}</Code>
    </div>
  );
}

/** Returns what the draft lacks, by field. */
function missingOf({ name, rights, scopes }: Draft): Readonly<Record<string, string>> {
  return {
    ...(name.trim() === "" && { name: "Enter a name. The list of tokens and the audit log show it." }),
    ...(rights === "some" && scopes.size === 0 && { scopes: "Select at least one scope." }),
  };
}

/** Returns the body of the request that creates the token. */
function creationOf({ name, appId, rights, isReadOnly, scopes, expiry }: Draft): object {
  return {
    name: name.trim(),
    readOnly: isReadOnly,
    ...(appId !== "" && { appId }),
    ...(rights === "some" && { scopes: [...scopes].sort() }),
    ...(expiry !== "" && { expiry: Number(expiry) }),
  };
}

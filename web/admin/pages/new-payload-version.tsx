import { useState } from "preact/hooks";
import { Outcome, useActionThen } from "../../kit/parts/action.tsx";
import { TextField } from "../../kit/parts/field.tsx";
import { PageHead } from "../../kit/parts/page-head.tsx";
import { problemsOf, remainingProblem } from "../../kit/problems.ts";
import { createPayloadVersion } from "../api/payload-versions.ts";
import { PAYLOAD_VERSIONS, payloadVersionLink } from "../links.ts";
import { changeOf, DRAFT_NAMES, NEW_DRAFT, PayloadVersionFields } from "../payload-versions/form.tsx";

const NAMES = ["version", ...DRAFT_NAMES];

export function NewPayloadVersionPage() {
  const [version, setVersion] = useState("");
  const [draft, setDraft] = useState(NEW_DRAFT);
  const action = useActionThen(null);
  const problems = problemsOf(action.error);
  const submit = async (event: Event) => {
    event.preventDefault();
    const name = version.trim();
    const create = () => createPayloadVersion({ version: name, ...changeOf(draft, null) });
    if (await action.run(create)) location.hash = payloadVersionLink(name);
  };
  return (
    <>
      <PageHead
        title="New payload version"
        above={[{ title: "Payload versions", href: PAYLOAD_VERSIONS }]}
        about="Messages that you send after it was created must have the new form."
      />
      <form class="card" onSubmit={submit} noValidate aria-label="New payload version">
        <TextField
          label="Version"
          value={version}
          onInput={setVersion}
          problem={problems.version ?? null}
          help="Such as 2026-11-01. Versions are ordered as text. The name cannot be changed later."
        />
        <PayloadVersionFields draft={draft} problems={problems} onChange={setDraft} />
        <div class="buttons">
          <button type="submit" disabled={action.busy} aria-busy={action.busy}>
            Create payload version
          </button>
          <Outcome action={{ ...action, problem: remainingProblem(action.error, NAMES) }} />
        </div>
      </form>
    </>
  );
}

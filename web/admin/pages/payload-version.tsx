import { useState } from "preact/hooks";
import type { PayloadVersion } from "../../../src/api/types.ts";
import { Confirm, Outcome, useActionThen } from "../../kit/parts/action.tsx";
import { Fact } from "../../kit/parts/fact.tsx";
import { Instant } from "../../kit/parts/instant.tsx";
import { PageHead } from "../../kit/parts/page-head.tsx";
import { CardSection, Read } from "../../kit/parts/section.tsx";
import { problemsOf, remainingProblem } from "../../kit/problems.ts";
import { counted } from "../../kit/words.ts";
import { changePayloadVersion, deletePayloadVersion, getPayloadVersion, getUsage } from "../api/payload-versions.ts";
import { endpointsLink, PAYLOAD_VERSIONS } from "../links.ts";
import { Changing, May } from "../parts/may.tsx";
import { changeOf, DRAFT_NAMES, draftOf, PayloadVersionFields } from "../payload-versions/form.tsx";
import { PayloadVersionState } from "../payload-versions/state.tsx";
import { useLoaded } from "../reload.ts";

/** Shows a payload version and the endpoints that are pinned to it, and changes it. */
export function PayloadVersionPage({ version: name }: { version: string }) {
  const [version, reload] = useLoaded(name, (signal) => getPayloadVersion(name, signal));
  return (
    <>
      <PageHead title={name} above={[{ title: "Payload versions", href: PAYLOAD_VERSIONS }]} />
      <Read of={version}>
        {(loaded) => (
          <>
            <Facts version={loaded} />
            <Settings version={loaded} onChange={reload} />
            <May operation="payload-version.delete">
              <Deletion version={name} />
            </May>
          </>
        )}
      </Read>
    </>
  );
}

function Facts({ version }: { version: PayloadVersion }) {
  const [usage] = useLoaded(version.version, async (signal) => ({ count: await getUsage(version.version, signal) }));
  return (
    <dl class="facts">
      <Fact name="State">
        <PayloadVersionState of={version} />
      </Fact>
      <Fact name="In use by">
        {usage.value === null ? (
          "–"
        ) : (
          <a href={endpointsLink({ api_version: version.version })}>{counted(usage.value.count, "endpoint")}</a>
        )}
      </Fact>
      <Fact name="Created">
        <Instant at={version.createdAt} />
      </Fact>
      <Fact name="Changed">
        <Instant at={version.updatedAt} />
      </Fact>
    </dl>
  );
}

interface SettingsProps {
  readonly version: PayloadVersion;
  readonly onChange: () => void;
}

function Settings({ version, onChange }: SettingsProps) {
  const [saved, setSaved] = useState(() => draftOf(version));
  const [draft, setDraft] = useState(saved);
  const action = useActionThen(onChange);
  const submit = async (event: Event) => {
    event.preventDefault();
    const save = () => changePayloadVersion(version.version, changeOf(draft, saved));
    if (await action.run(save, "Saved.")) setSaved(draft);
  };
  return (
    <CardSection title="Settings" about="A changed downgrade also applies to messages that are sent again.">
      <form onSubmit={submit} noValidate>
        <Changing operation="payload-version.patch">
          <PayloadVersionFields draft={draft} problems={problemsOf(action.error)} onChange={setDraft} />
          <div class="buttons">
            <button type="submit" disabled={action.busy} aria-busy={action.busy}>
              Save settings
            </button>
            <Outcome action={{ ...action, problem: remainingProblem(action.error, DRAFT_NAMES) }} />
          </div>
        </Changing>
      </form>
    </CardSection>
  );
}

function Deletion({ version }: { version: string }) {
  const action = useActionThen(null);
  const remove = async () => {
    if (await action.run(() => deletePayloadVersion(version))) location.hash = PAYLOAD_VERSIONS;
  };
  return (
    <CardSection title="Delete" about="A version can be deleted when no endpoint is pinned to it.">
      <Confirm
        label="Delete payload version"
        question={`Delete 1 payload version, ${version}? Messages that were accepted while it existed are still downgraded with its code.`}
        confirm="Delete version"
        isDestructive
        action={action}
        onConfirm={() => void remove()}
      />
      <Outcome action={action} />
    </CardSection>
  );
}

import { useId, useState } from "preact/hooks";
import type { Endpoint, Provider, Source, SourceDetail } from "../../../src/api/types.ts";
import { formatCount } from "../../kit/format.ts";
import { Confirm, Outcome } from "../../kit/parts/action.tsx";
import { Problem } from "../../kit/parts/notice.tsx";
import { CardSection } from "../../kit/parts/section.tsx";
import { SOURCES } from "../links.ts";
import { refresh } from "../live.ts";
import { Changing } from "../parts/may.tsx";
import { changeSource, deleteSource, rotateUrl } from "./api.ts";
import { type ConfigValues, changedConfig, type SourceConfig, valuesOf } from "./config.ts";
import { ConfigForm } from "./config-form.tsx";
import { problemsByField } from "./problems.ts";
import { useAction } from "./use.ts";
import { takesFromQueue } from "./words.ts";

const MODES: readonly (readonly [Source["verification"], string])[] = [
  ["enforce", "Refuse what fails the check"],
  ["record", "Store what fails the check, marked as failed"],
  ["off", "Check nothing"],
];

/** Changes the check of a source: its mode, and the values that the provider's scheme needs. */
export function CheckSettings({ source, provider }: { source: Source; provider: Provider }) {
  const id = useId();
  const stored = source.config as SourceConfig;
  // Only edited fields are sent, so that changes by others are kept.
  const [before, setBefore] = useState<ConfigValues>(() => valuesOf(provider.config, stored));
  const [values, setValues] = useState<ConfigValues>(before);
  const [modeBefore, setModeBefore] = useState(source.verification);
  const [mode, setMode] = useState(source.verification);
  const [error, setError] = useState<Error | null>(null);
  const [saved, setSaved] = useState(false);
  const problems = problemsByField(error);
  const save = async (event: Event) => {
    event.preventDefault();
    setSaved(false);
    setError(null);
    const config = changedConfig(provider.config, before, values);
    try {
      await changeSource(source.id, { config, ...(mode !== modeBefore && { verification: mode }) });
      const kept = withoutSecrets(provider, values);
      setBefore(kept);
      setValues(kept);
      setModeBefore(mode);
      setSaved(true);
      refresh();
    } catch (caught) {
      setError(caught as Error);
    }
  };
  const change = (field: string, text: string) => {
    setValues({ ...values, [field]: text });
    // A source that was created without its secret checks nothing until the secret is there.
    if (field === "secret" && text !== "" && modeBefore === "off") setMode("enforce");
  };
  const isQueue = takesFromQueue(provider);
  const about = isQueue ? "Where the messages come from." : `How requests prove that they come from ${provider.name}.`;
  return (
    <CardSection title={isQueue ? "Queue" : "Check"} about={about}>
      <form onSubmit={save} noValidate>
        <Changing operation="v1.ingest.source.patch">
          {provider.kind !== "none" && (
            <>
              <label for={id}>Mode</label>
              <select
                id={id}
                value={mode}
                onChange={(event) => setMode(event.currentTarget.value as Source["verification"])}
              >
                {MODES.map(([value, label]) => (
                  <option key={value} value={value}>
                    {label}
                  </option>
                ))}
              </select>
            </>
          )}
          <ConfigForm fields={provider.config} values={values} stored={stored} problems={problems} onChange={change} />
          {error !== null && <Problem>{error.message}</Problem>}
          <button type="submit">Save</button>
          <p class="outcome" role="status">
            {saved && "Saved."}
          </p>
        </Changing>
      </form>
    </CardSection>
  );
}

/** A stored secret is not shown again. */
function withoutSecrets({ config }: Provider, values: ConfigValues): ConfigValues {
  const secrets = new Set(config.filter(({ secret }) => secret).map(({ name }) => name));
  return Object.fromEntries(Object.entries(values).filter(([name]) => !secrets.has(name)));
}

const HOUR_SECONDS = 3_600;
const GRACE = [
  { seconds: 0, label: "stop working immediately" },
  { seconds: HOUR_SECONDS, label: "keep working for an hour" },
  { seconds: 48 * HOUR_SECONDS, label: "keep working for two days" },
] as const;

export function UrlRotation({ source }: { source: string }) {
  const id = useId();
  const [grace, setGrace] = useState<number>(GRACE[2].seconds);
  const [times, setTimes] = useState(0);
  const action = useAction();
  const rotate = async () => {
    if (await action.run(() => rotateUrl(source, grace), "The source has a new URL. Register it with the provider."))
      setTimes(times + 1);
  };
  return (
    <CardSection title="Replace the URL" about="If the URL has leaked, replace it here. All other settings stay.">
      <Confirm
        key={times}
        label="Replace URL"
        confirm="Replace"
        action={action}
        onConfirm={rotate}
        question={
          <>
            <label for={id}>The source gets a new URL. The earlier URLs</label>
            <select id={id} value={grace} onChange={(event) => setGrace(Number(event.currentTarget.value))}>
              {GRACE.map(({ seconds, label }) => (
                <option key={seconds} value={seconds}>
                  {label}
                </option>
              ))}
            </select>
          </>
        }
      />
      <Outcome action={action} />
    </CardSection>
  );
}

interface DeletionProps {
  readonly source: SourceDetail;
  readonly endpoints: readonly Endpoint[];
}

export function Deletion({ source, endpoints }: DeletionProps) {
  const action = useAction({ leads: true });
  const remove = async () => {
    if (await action.run(() => deleteSource(source.id))) location.hash = SOURCES;
  };
  return (
    <CardSection title="Delete" about="Deletes the source with everything that belongs to it.">
      <Confirm
        label="Delete source"
        confirm="Delete"
        isDestructive
        action={action}
        onConfirm={remove}
        question={<DeletionQuestion source={source} endpoints={endpoints} />}
      />
      <Outcome action={action} />
    </CardSection>
  );
}

function DeletionQuestion({ source, endpoints }: DeletionProps) {
  const { name, ingestUrl, counts } = source;
  return (
    <>
      This deletes the source <strong>{name}</strong>,{" "}
      {ingestUrl === null ? "its settings" : "its URL, which responds with 404 from then on"},{" "}
      {endpoints.length === 0 && "its log "}
      {endpoints.length > 0 && (
        <>
          its log, and its {endpoints.length === 1 ? "endpoint" : `${endpoints.length} endpoints`} (
          {endpoints.map(({ url }) => url).join(", ")}), whose pending deliveries are cancelled,{" "}
        </>
      )}
      and hides the {formatCount(counts.stored)} messages that it has received. This cannot be undone.
    </>
  );
}

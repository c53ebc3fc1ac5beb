import { useId, useState } from "preact/hooks";
import type { Provider, SourceCreation } from "../../../src/api/types.ts";
import { BASE } from "../../kit/base.ts";
import { ApiError } from "../../kit/client.ts";
import { Problem } from "../../kit/parts/notice.tsx";
import { Read } from "../../kit/parts/section.tsx";
import { SOURCES, sourceLink } from "../links.ts";
import { createSource } from "../sources/api.ts";
import { type ConfigValues, changedConfig } from "../sources/config.ts";
import style from "../sources/config-form.module.css";
import { ConfigForm } from "../sources/config-form.tsx";
import { problemsByField } from "../sources/problems.ts";
import { ProviderPicker } from "../sources/provider-picker.tsx";
import { Setup } from "../sources/setup.tsx";
import { useProviders } from "../sources/use.ts";

export function NewSourcePage() {
  const [provider, setProvider] = useState<Provider | null>(null);
  return (
    <>
      <nav aria-label="Breadcrumb" class="breadcrumb">
        <a href={SOURCES}>Sources</a>
      </nav>
      <h1>New source</h1>
      <Read of={useProviders()}>
        {(providers) => (
          <>
            <section class="card" aria-label="Provider">
              <h2>1. Choose the provider</h2>
              <ProviderPicker providers={providers} chosen={provider} onChoose={setProvider} />
              <p class="small">
                <a href={`${BASE}/docs/guide/providers`}>All providers, with how each is checked</a>
              </p>
            </section>
            {provider !== null && <Creation key={provider.id} provider={provider} />}
          </>
        )}
      </Read>
    </>
  );
}

function Creation({ provider }: { provider: Provider }) {
  const id = useId();
  const [name, setName] = useState(provider.name);
  const [values, setValues] = useState<ConfigValues>({});
  const [isLater, setLater] = useState(false);
  const [error, setError] = useState<Error | null>(null);
  const [busy, setBusy] = useState(false);
  const problems = problemsByField(error);
  const needsSecret = provider.config.some(({ name, required }) => name === "secret" && required);

  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    const config = changedConfig(provider.config, {}, values);
    const sent = { name: name.trim(), type: provider.id, config, ...(isLater && { verification: "off" as const }) };
    try {
      const { id } = await createSource(sent satisfies SourceCreation);
      location.hash = sourceLink(id);
    } catch (caught) {
      setError(caught as Error);
      setBusy(false);
    }
  };

  return (
    <form class="card" onSubmit={submit} noValidate aria-label="New source">
      <h2>2. {provider.name}</h2>
      <Setup provider={provider} ingestUrl={null} />
      <div class={style.field}>
        <label for={`${id}-name`}>Name</label>
        <input
          id={`${id}-name`}
          type="text"
          autocomplete="off"
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
        />
        {problems.name !== undefined && <small class={style.problem}>{problems.name}</small>}
      </div>
      {!isLater && (
        <ConfigForm
          fields={provider.config}
          values={values}
          stored={{}}
          problems={problems}
          onChange={(field, text) => setValues({ ...values, [field]: text })}
        />
      )}
      {needsSecret && (
        <label class="check">
          <input type="checkbox" checked={isLater} onChange={(event) => setLater(event.currentTarget.checked)} />I get
          the secret only after I have registered the URL. Create the source without it; nothing is checked until I add
          it.
        </label>
      )}
      {error !== null && !(error instanceof ApiError && error.findings.length > 0) && (
        <Problem>{error.message}</Problem>
      )}
      {Object.keys(problems).length > 0 && (
        <Problem>Correct the marked fields: {Object.keys(problems).join(", ")}.</Problem>
      )}
      <button type="submit" disabled={busy} aria-busy={busy}>
        Create source
      </button>
    </form>
  );
}

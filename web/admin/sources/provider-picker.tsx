import { useId, useState } from "preact/hooks";
import type { Provider } from "../../../src/api/types.ts";
import { searchProviders } from "./config.ts";
import style from "./provider-picker.module.css";
import { stateWords } from "./words.ts";

const SHOWN_MAX = 50;

interface ProviderPickerProps {
  readonly providers: readonly Provider[];
  readonly chosen: Provider | null;
  onChoose(provider: Provider): void;
}

/** A search over the providers, with the result as radio buttons. */
export function ProviderPicker({ providers, chosen, onChoose }: ProviderPickerProps) {
  const id = useId();
  const [text, setText] = useState("");
  const found = searchProviders(providers, text);
  return (
    <fieldset class={style.picker}>
      <legend class="visually-hidden">Provider</legend>
      <label for={id}>Search providers</label>
      <input
        id={id}
        type="search"
        autocomplete="off"
        spellcheck={false}
        placeholder="Stripe, GitHub, Shopify …"
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <p class="muted small" role="status">
        {found.length === 1 ? "1 provider" : `${found.length} providers`}
        {found.length > SHOWN_MAX && `, the first ${SHOWN_MAX} are shown`}
      </p>
      {found.length === 0 && (
        <p class="small">
          No provider has this name. Choose <em>Any sender with an HMAC</em> (<code>generic-hmac</code>) if the sender
          signs its requests, else <code>generic-webhook</code>.
        </p>
      )}
      <div class={style.list}>
        {found.slice(0, SHOWN_MAX).map((provider) => (
          <label key={provider.id}>
            <input
              type="radio"
              name={`${id}-provider`}
              value={provider.id}
              checked={chosen?.id === provider.id}
              onChange={() => onChoose(provider)}
            />
            <span>{provider.name}</span>
            <code class="muted">{provider.id}</code>
            <span class={`muted small ${style.state}`}>{stateWords[provider.state].word}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

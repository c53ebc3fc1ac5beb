import type { Provider } from "../../../src/api/types.ts";
import { BASE } from "../../kit/base.ts";
import { CopyButton } from "../../kit/parts/copy-button.tsx";
import { isRare } from "./config.ts";
import style from "./setup.module.css";
import { stateWords, takesFromQueue } from "./words.ts";

interface SetupProps {
  readonly provider: Provider;
  /** Null before the source is created, and for a schedule. */
  readonly ingestUrl: string | null;
}

/** Says what to paste where, with the provider's own words. */
export function Setup({ provider, ingestUrl }: SetupProps) {
  if (provider.id === "cron") return <p class="small">A schedule has no URL. It sends its body at the times below.</p>;
  if (takesFromQueue(provider)) {
    return (
      <p class="small">
        The source takes the messages of a queue. It has no URL.{" "}
        <a href={`${BASE}/docs/guide/broker-sources`}>More about sources from queues</a>
      </p>
    );
  }
  const isGeneric = provider.category === "generic";
  const sender = isGeneric ? "the sender" : provider.name;
  const fields = provider.config.filter((field) => !isRare(field) && (field.required || !isGeneric));
  return (
    <>
      <ol class={style.steps}>
        <li>
          Paste the URL of the source into the webhook settings of {sender}.{" "}
          {ingestUrl === null ? (
            "You get the URL when the source is created."
          ) : (
            <span class={style.paste}>
              <code class="url">{ingestUrl}</code>
              <CopyButton text={ingestUrl} label="Copy URL" />
            </span>
          )}
        </li>
        {fields.map(({ name, label, required }) => (
          <li key={name}>
            Paste <strong>{label}</strong> from {sender} into <code>{name}</code>
            {required ? "." : ", if you use it."}
          </li>
        ))}
        {isGeneric && fields.length > 0 && <li>Fill in the other fields as the documentation of the sender says.</li>}
      </ol>
      <p class={`small ${style.more}`}>
        {provider.handshake.length > 0 && `The handshake of ${sender} is answered for you. `}
        {stateWords[provider.state].text}{" "}
        <a href={`${BASE}/docs/guide/providers#${encodeURIComponent(provider.id)}`}>More about {provider.name}</a>
      </p>
    </>
  );
}

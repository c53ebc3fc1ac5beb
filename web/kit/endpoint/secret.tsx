import { useId, useState } from "preact/hooks";
import { now } from "../clock.ts";
import { Confirm, Outcome, useActionThen } from "../parts/action.tsx";
import { CopyButton } from "../parts/copy-button.tsx";
import { Field } from "../parts/field.tsx";
import { Instant } from "../parts/instant.tsx";
import { CardSection } from "../parts/section.tsx";
import style from "./secret.module.css";

const HOUR_SECONDS = 3_600;
const GRACE = [
  { seconds: 0, label: "stops working immediately" },
  { seconds: HOUR_SECONDS, label: "keeps working for an hour" },
  { seconds: 24 * HOUR_SECONDS, label: "keeps working for a day" },
  { seconds: 7 * 24 * HOUR_SECONDS, label: "keeps working for a week" },
] as const;
const GRACE_DEFAULT = 24 * HOUR_SECONDS;

interface SecretProps {
  /** Reads the secret. Null if the user may not see it. */
  readonly get: (() => Promise<string>) | null;
  /** Replaces the secret by `key`, or by a generated one if null. Null if the user may not. */
  readonly rotate: ((graceSeconds: number, key: string | null) => Promise<unknown>) | null;
  /** Whether the user may enter an own secret. */
  readonly allowsOwn?: boolean;
  /** The instant until which an old secret also signs; null if there is none or it is not known. */
  readonly oldUntil?: string | null;
  /** Shown to users who may not see the secret. */
  readonly denied: string;
  readonly onChange: () => void;
}

/**
 * Shows the signing secret. The secret is loaded and put into the page only while the user wants to
 * see it.
 */
export function SecretSection(props: SecretProps) {
  const { get, rotate, oldUntil = null, denied } = props;
  const [secret, setSecret] = useState<string | null>(null);
  const action = useActionThen(null);
  const show = () => action.run(async () => setSecret(await get!()));
  return (
    <CardSection title="Signing secret" about="Every webhook is signed. Use this secret to verify signatures.">
      {get === null ? (
        <p class="muted small">{denied}</p>
      ) : (
        <div class={style.secret}>
          <code>{secret ?? "•".repeat(24)}</code>
          {secret === null ? (
            <button type="button" class="outline small" disabled={action.busy} onClick={show}>
              Reveal
            </button>
          ) : (
            <>
              <CopyButton text={secret} />
              <button type="button" class="quiet" onClick={() => setSecret(null)}>
                Hide
              </button>
            </>
          )}
        </div>
      )}
      <Outcome action={action} />
      {oldUntil !== null && Date.parse(oldUntil) > now.value && (
        <p class="small">
          Webhooks are also signed with the previous secret until <Instant at={oldUntil} />.
        </p>
      )}
      {rotate !== null && <Rotation {...props} rotate={rotate} show={setSecret} />}
    </CardSection>
  );
}

interface RotationProps extends SecretProps {
  readonly rotate: NonNullable<SecretProps["rotate"]>;
  readonly show: (secret: string | null) => void;
}

function Rotation({ get, rotate, allowsOwn = false, show, onChange }: RotationProps) {
  const id = useId();
  const [grace, setGrace] = useState<number>(GRACE_DEFAULT);
  const [own, setOwn] = useState("");
  const [times, setTimes] = useState(0);
  const action = useActionThen(onChange);
  const run = async () => {
    const done = await action.run(async () => {
      await rotate(grace, own.trim() || null);
      show(get === null ? null : await get());
    }, "The secret has been rotated.");
    if (!done) return;
    setOwn("");
    setTimes(times + 1);
  };
  return (
    <>
      <Confirm
        key={times}
        label="Rotate secret"
        confirm="Rotate"
        action={action}
        onConfirm={run}
        question={
          <>
            <label for={id}>Webhooks will be signed with a new secret. The old secret</label>
            <select id={id} value={grace} onChange={(event) => setGrace(Number(event.currentTarget.value))}>
              {GRACE.map(({ seconds, label }) => (
                <option key={seconds} value={seconds}>
                  {label}
                </option>
              ))}
            </select>
            {grace > 0 && (
              <span class="small muted">
                Until <Instant at={new Date(now.value + grace * 1_000).toISOString()} />, each webhook has two
                signatures.
              </span>
            )}
            {allowsOwn && <OwnSecret value={own} onInput={setOwn} />}
          </>
        }
      />
      <Outcome action={action} />
    </>
  );
}

function OwnSecret({ value, onInput }: { value: string; onInput: (text: string) => void }) {
  return (
    <Field label="New secret" isOptional help="Starts with whsec_ or whsk_. Leave empty to generate one.">
      {(control) => (
        <input
          {...control}
          type="text"
          autocomplete="off"
          spellcheck={false}
          value={value}
          onInput={(event) => onInput(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

import { useId, useState } from "preact/hooks";
import { CopyButton } from "../../kit/parts/copy-button.tsx";
import { getSecret, rotateSecret } from "../api.ts";
import { may } from "../session.ts";
import { Confirm, Outcome, useAction } from "./action.tsx";
import { CardSection } from "./section.tsx";

const HOUR_SECONDS = 3_600;
const GRACE = [
  { seconds: 0, label: "stops working immediately" },
  { seconds: HOUR_SECONDS, label: "keeps working for an hour" },
  { seconds: 24 * HOUR_SECONDS, label: "keeps working for a day" },
  { seconds: 7 * 24 * HOUR_SECONDS, label: "keeps working for a week" },
] as const;
const GRACE_DEFAULT = 24 * HOUR_SECONDS;

/**
 * Shows the signing secret. The secret is loaded and put into the page only while the user wants to
 * see it.
 */
export function SecretSection({ endpoint }: { endpoint: string }) {
  const [secret, setSecret] = useState<string | null>(null);
  const action = useAction();
  const show = () => action.run(async () => setSecret(await getSecret(endpoint)));
  const canSee = may("v1.endpoint.get-secret");
  const canRotate = may("v1.endpoint.rotate-secret");
  return (
    <CardSection title="Signing secret" about="Every webhook is signed. Use this secret to verify signatures.">
      {canSee ? (
        <div class="secret">
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
      ) : (
        <p class="muted small">Your link does not allow you to see the secret.</p>
      )}
      <Outcome action={action} />
      {canRotate && <Rotation endpoint={endpoint} canSee={canSee} show={setSecret} />}
    </CardSection>
  );
}

interface RotationProps {
  readonly endpoint: string;
  readonly canSee: boolean;
  readonly show: (secret: string | null) => void;
}

function Rotation({ endpoint, canSee, show }: RotationProps) {
  const id = useId();
  const [grace, setGrace] = useState<number>(GRACE_DEFAULT);
  const [times, setTimes] = useState(0);
  const action = useAction();
  const rotate = async () => {
    const done = await action.run(async () => {
      await rotateSecret(endpoint, grace);
      show(canSee ? await getSecret(endpoint) : null);
    }, "The secret has been rotated.");
    if (done) setTimes(times + 1);
  };
  return (
    <>
      <Confirm
        key={times}
        label="Rotate secret"
        confirm="Rotate"
        action={action}
        onConfirm={rotate}
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
          </>
        }
      />
      <Outcome action={action} />
    </>
  );
}

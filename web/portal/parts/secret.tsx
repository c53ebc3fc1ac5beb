import { useId, useState } from "preact/hooks";
import { CopyButton } from "../../parts/copy-button.tsx";
import { getSecret, rotateSecret } from "../api.ts";
import { may } from "../session.ts";
import { Confirm, Outcome, useAction } from "./action.tsx";
import { CardSection } from "./section.tsx";

const HOUR_SECONDS = 3_600;
const GRACE = [
  { seconds: 0, label: "stops working at once" },
  { seconds: HOUR_SECONDS, label: "works for another hour" },
  { seconds: 24 * HOUR_SECONDS, label: "works for another day" },
  { seconds: 7 * 24 * HOUR_SECONDS, label: "works for another week" },
] as const;
const GRACE_DEFAULT = 24 * HOUR_SECONDS;

/** What the receiver checks signatures with. It is asked for, and in the page, only while the reader wants to see it. */
export function SecretSection({ endpoint }: { endpoint: string }) {
  const [secret, setSecret] = useState<string | null>(null);
  const action = useAction();
  const show = () => action.run(async () => setSecret(await getSecret(endpoint)));
  const canSee = may("v1.endpoint.get-secret");
  const canRotate = may("v1.endpoint.rotate-secret");
  return (
    <CardSection
      title="Signing secret"
      about="Every webhook is signed. Verify the signature with this secret to know that it is genuine."
    >
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
        <p class="muted small">Your link does not let you see it.</p>
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
    }, "There is a new secret.");
    if (done) setTimes(times + 1);
  };
  return (
    <>
      <Confirm
        key={times}
        label="Rotate secret"
        confirm="Make a new secret"
        action={action}
        onConfirm={rotate}
        question={
          <>
            <label for={id}>A new secret signs from now on. The old one</label>
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

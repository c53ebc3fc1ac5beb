import { useEffect, useState } from "preact/hooks";
import type { Destination, ListOf } from "../../../src/api/types.ts";
import { stateOf } from "../../kit/delivery.ts";
import { formatCount } from "../../kit/format.ts";
import { type Action, Confirm, Outcome, useActionThen } from "../../kit/parts/action.tsx";
import { Progress } from "../../kit/parts/progress.tsx";
import { counted } from "../../kit/words.ts";
import { getAllDestinations, resend } from "../api/messages.ts";
import { refresh } from "../live.ts";
import type { OfMessage } from "./of-message.ts";
import style from "./resend-to-many.module.css";

interface ResendToManyProps extends OfMessage {
  /** The page of deliveries that is shown. */
  readonly page: ListOf<Destination>;
}

/** Resends a message to all endpoints that have a delivery, or to those that failed for good. */
export function ResendToMany({ page, ...props }: ResendToManyProps) {
  const action = useActionThen(refresh);
  const [sent, setSent] = useState<{ done: number; total: number } | null>(null);
  const run = (deliveries: readonly Destination[]) =>
    action.run(
      async () => {
        const refused: string[] = [];
        for (const [done, { id, url }] of deliveries.entries()) {
          setSent({ done, total: deliveries.length });
          await resend(props.app, props.message, id).catch(({ message }: Error) => refused.push(`${url}: ${message}`));
        }
        if (refused.length > 0) throw new Error(partText(deliveries.length, refused));
      },
      `Resend requested for ${counted(deliveries.length, "endpoint")}.`,
    );
  const parts = { ...props, action, onConfirm: run };
  const hasFailed = !page.done || page.data.some((delivery) => stateOf(delivery) === "dead");
  return (
    <div class={style.parts}>
      <div class="buttons">
        {hasFailed && (
          <ResendTo {...parts} label="Resend failed" isChosen={(delivery) => stateOf(delivery) === "dead"} />
        )}
        <ResendTo {...parts} label="Resend all" isChosen={() => true} />
      </div>
      {action.busy && sent !== null && <Progress label="Resending" done={sent.done} total={sent.total} />}
      <Outcome action={action} />
    </div>
  );
}

/** Errors that the outcome names. It counts the others. */
const NAMED_MAX = 5;

/** Says for how many of `total` endpoints a resend was requested, and why not for the others. */
function partText(total: number, refused: readonly string[]): string {
  const rest = refused.length - NAMED_MAX;
  const more = rest > 0 ? ` And ${counted(rest, "other endpoint")}.` : "";
  const named = refused.slice(0, NAMED_MAX).join(" ");
  return `Resend requested for ${formatCount(total - refused.length)} of ${counted(total, "endpoint")}. Not for ${named}${more}`;
}

interface ResendToProps extends OfMessage {
  readonly label: string;
  readonly isChosen: (delivery: Destination) => boolean;
  readonly action: Action;
  readonly onConfirm: (deliveries: readonly Destination[]) => Promise<boolean>;
}

function ResendTo({ app, message, label, isChosen, action, onConfirm }: ResendToProps) {
  const [chosen, setChosen] = useState<readonly Destination[] | null>(null);
  const [runs, setRuns] = useState(0);
  const read = async () => (await getAllDestinations(app, message)).filter((one) => !one.disabled && isChosen(one));
  const confirm = async () => {
    await onConfirm(chosen ?? []);
    setRuns(runs + 1);
  };
  return (
    <Confirm
      key={runs}
      label={label}
      question={<Question of={chosen} read={read} onRead={setChosen} />}
      confirm="Resend"
      action={{ ...action, busy: action.busy || chosen === null || chosen.length === 0 }}
      onConfirm={() => void confirm()}
    />
  );
}

interface QuestionProps {
  readonly of: readonly Destination[] | null;
  readonly read: () => Promise<readonly Destination[]>;
  readonly onRead: (deliveries: readonly Destination[]) => void;
}

/** Asks with the number of endpoints, which it counts when it is shown. */
function Question({ of, read, onRead }: QuestionProps) {
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    read().then(onRead, (error: Error) => setProblem(error.message));
  }, []);
  if (problem !== null) return <>{problem}</>;
  if (of === null) return <>Counting the endpoints…</>;
  if (of.length === 0) return <>No enabled endpoint has such a delivery, so there is nothing to resend.</>;
  return (
    <>
      Send this message again to {counted(of.length, "endpoint")}? Endpoints that already received it receive it again.
      Disabled endpoints are skipped.
    </>
  );
}

import { useEffect, useId, useState } from "preact/hooks";
import type { BackgroundTask, DeadLetterPreview } from "../../../src/api/types.ts";
import { useFocusReturn } from "../../kit/focus.ts";
import { formatCount, formatDuration } from "../../kit/format.ts";
import { Outcome, Question, useActionThen } from "../../kit/parts/action.tsx";
import { SelectField } from "../../kit/parts/field.tsx";
import { Loading, Problem } from "../../kit/parts/notice.tsx";
import { counted } from "../../kit/words.ts";
import { type BulkAction, previewAction, startDrop, startRedrive } from "../api/dead-letters.ts";
import style from "./dead-letters.module.css";
import { findObstacles, type Obstacle, Obstacles } from "./obstacles.tsx";
import { asPreviewed, leftOut, type Selection } from "./selection.ts";

/** Dead letters that a redrive can send per second. */
const RATES = [1, 10, 50, 200, 1000, 10_000] as const;
const RATE_DEFAULT = 50;

interface BulkQuestionProps {
  readonly kind: BulkAction;
  readonly selection: Selection;
  /** What is selected, such as `of Acme to https://…`. */
  readonly about: string;
  readonly onClose: () => void;
  readonly onStart: (task: BackgroundTask) => void;
}

/** What a question is about. It does not change while the question is shown. */
interface Preview {
  readonly counted: DeadLetterPreview;
  readonly leftOut: number;
  readonly obstacles: readonly Obstacle[];
}

/**
 * Asks before dead letters are sent again or dropped. It counts once, and affects only what it has
 * counted: what dies afterwards is left alone.
 */
export function BulkQuestion(props: BulkQuestionProps) {
  return (
    <div ref={useFocusReturn<HTMLDivElement>()}>
      <Steps {...props} />
    </div>
  );
}

function Steps(props: BulkQuestionProps) {
  const { kind, selection, onClose } = props;
  const [preview, setPreview] = useState<Preview | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    let isGone = false;
    read(kind, selection).then(
      (found) => !isGone && setPreview(found),
      (error: Error) => !isGone && setProblem(error.message),
    );
    return () => {
      isGone = true;
    };
  }, []);
  if (preview !== null && preview.counted.count > 0) return <Asking {...props} preview={preview} />;
  return (
    <section
      class={`confirm ${style.question}`}
      aria-label={kind === "redrive" ? "Redrive" : "Drop"}
      onKeyDown={(event) => event.key === "Escape" && onClose()}
    >
      {problem !== null && <Problem>{problem}</Problem>}
      {problem === null && preview === null && <Loading />}
      {preview !== null && (
        <div role="status">
          <p>{kind === "redrive" ? "None of these dead letters can be sent again." : "There is nothing to drop."}</p>
          <Obstacles shown={preview.obstacles} total={preview.leftOut} />
        </div>
      )}
      <div class="buttons">
        <button type="button" class="outline secondary" onClick={onClose}>
          Close
        </button>
      </div>
    </section>
  );
}

async function read(kind: BulkAction, selection: Selection): Promise<Preview> {
  const counted = await previewAction(kind, selection);
  if (kind === "drop") return { counted, leftOut: 0, obstacles: [] };
  const dead = await previewAction("drop", asPreviewed(selection, counted));
  const out = leftOut(dead.groups, counted.groups);
  return { counted, leftOut: dead.count - counted.count, obstacles: await findObstacles(out) };
}

function Asking({ kind, selection, about, preview, onClose, onStart }: BulkQuestionProps & { preview: Preview }) {
  const action = useActionThen(null);
  const id = useId();
  const [rate, setRate] = useState(RATE_DEFAULT);
  const { count } = preview.counted;
  const chosen = asPreviewed(selection, preview.counted);
  const start = () =>
    action.run(async () => onStart(await (kind === "redrive" ? startRedrive(chosen, rate) : startDrop(chosen))));
  const letters = `${counted(count, "dead letter")} ${about}`;
  return (
    <div class={style.question} id={id}>
      <Question
        label={kind === "redrive" ? "Redrive" : "Drop"}
        question={
          kind === "redrive"
            ? `Send ${letters} again?`
            : `Drop ${letters}? They are never delivered. This cannot be undone.`
        }
        confirm={`${kind === "redrive" ? "Redrive" : "Drop"} ${formatCount(count)}`}
        isDestructive={kind === "drop"}
        action={action}
        onConfirm={() => void start()}
        onClose={onClose}
      >
        {kind === "redrive" && (
          <>
            <Obstacles shown={preview.obstacles} total={preview.leftOut} />
            <SelectField
              label="Rate"
              value={String(rate)}
              choices={RATES.map((one) => ({ value: String(one), label: `${formatCount(one)} per second` }))}
              onChange={(value) => setRate(Number(value))}
              help={`Takes about ${formatDuration(Math.max(1000, Math.ceil(count / rate) * 1000))}. It can be cancelled.`}
            />
          </>
        )}
      </Question>
      <Outcome action={action} />
    </div>
  );
}

import { useEffect } from "preact/hooks";
import type { BackgroundTask } from "../../../src/api/types.ts";
import { formatCount } from "../../kit/format.ts";
import { Confirm, Outcome, useActionThen } from "../../kit/parts/action.tsx";
import { Badge } from "../../kit/parts/badge.tsx";
import { Progress } from "../../kit/parts/progress.tsx";
import type { Resource } from "../../kit/reading.ts";
import { cancelTask, getTask } from "../api/tasks.ts";
import { taskLink } from "../links.ts";
import { useLoaded } from "../reload.ts";
import { may } from "../session.ts";
import style from "./tasks.module.css";
import { errorOf, kindOf, taskStateOf } from "./words.ts";

/** Time between two readings of a running task. */
const POLL_MS = 1000;

/** Reads a task, and reads it again while it runs. */
export function useTask(id: string): [Resource<BackgroundTask>, () => void] {
  const [task, reload] = useLoaded(id, (signal) => getTask(id, signal));
  const isRunning = task.value?.status === "running";
  useEffect(() => {
    if (!isRunning) return;
    const timer = setInterval(reload, POLL_MS);
    return () => clearInterval(timer);
  }, [id, isRunning]);
  return [task, reload];
}

export function TaskBadge({ of }: { of: BackgroundTask }) {
  const { word, tone } = taskStateOf(of);
  return <Badge tone={tone}>{word}</Badge>;
}

export function TaskProgress({ of }: { of: BackgroundTask }) {
  if (of.done === null) return <span class="muted">–</span>;
  if (of.status === "running") return <Progress label={kindOf(of)} done={of.done} total={of.total} />;
  return (
    <span class="small">
      {formatCount(of.done)}
      {of.total !== null && ` of ${formatCount(of.total)}`}
    </span>
  );
}

/** The button that cancels a task. It says what is kept. */
export function TaskCancellation({ of, onEnd }: { of: BackgroundTask; onEnd: () => void }) {
  const action = useActionThen(null);
  if (!of.cancellable || !may("background-task.cancel")) return null;
  const cancel = () => action.run(() => cancelTask(of.id)).then(onEnd);
  return (
    <>
      <Confirm
        label="Cancel task"
        question={questionOf(of)}
        confirm="End the task"
        isDestructive
        action={action}
        onConfirm={() => void cancel()}
      />
      <Outcome action={action} />
    </>
  );
}

function questionOf({ done, total }: BackgroundTask): string {
  if (done === null) return "End this task? Its result is lost.";
  const rest = total === null ? "" : ` ${formatCount(Math.max(0, total - done))} are left as they are.`;
  return `End this task? The ${formatCount(done)} that are done stay done.${rest}`;
}

/** A task that was started on the page, with its progress until it ends. */
export function TaskCard({ id, onEnd }: { id: string; onEnd: () => void }) {
  const [{ value: task, error }, reload] = useTask(id);
  const isEnded = task !== null && task.status !== "running";
  useEffect(() => {
    if (isEnded) onEnd();
  }, [isEnded]);
  if (task === null) return error === null ? null : <p class="problem">{error.message}</p>;
  const failure = errorOf(task);
  return (
    <section class={style.card} aria-label={kindOf(task)}>
      <div class={style.line}>
        <a href={taskLink(id)}>{kindOf(task)}</a>
        <TaskBadge of={task} />
        <TaskProgress of={task} />
      </div>
      {failure !== null && <p class="small">{failure}</p>}
      <TaskCancellation of={task} onEnd={reload} />
    </section>
  );
}

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

/** An action of the user, with its state and result. */
export interface Action {
  readonly busy: boolean;
  readonly problem: string | null;
  /** The error that `problem` describes. */
  readonly error: Error | null;
  /** The message to show after the action has succeeded. */
  readonly done: string | null;
  /** Runs `work`. Resolves with whether `work` succeeded; never rejects. */
  run(work: () => Promise<unknown>, done?: string): Promise<boolean>;
}

const IDLE = { busy: false, problem: null, error: null, done: null } as const;

/** Runs actions of the user, and `then` after each success. */
export function useActionThen(then: (() => void) | null): Action {
  const [state, setState] = useState<Omit<Action, "run">>(IDLE);
  return {
    ...state,
    async run(work, done) {
      setState({ ...IDLE, busy: true });
      try {
        await work();
      } catch (error) {
        setState({ ...IDLE, problem: (error as Error).message, error: error as Error });
        return false;
      }
      setState({ ...IDLE, done: done ?? null });
      then?.();
      return true;
    },
  };
}

/**
 * Shows the result of an action. The element is always in the page, so that screen readers announce
 * changes.
 */
export function Outcome({ action: { problem, done } }: { action: Action }) {
  return (
    <p class={`outcome ${problem === null ? "" : "outcome-bad"}`} role="status">
      {problem ?? done}
    </p>
  );
}

interface ConfirmProps {
  /** The label of the button that asks for confirmation. */
  readonly label: string;
  readonly question: ComponentChildren;
  /** The label of the button that confirms. */
  readonly confirm: string;
  /** Whether the action deletes or discards something. */
  readonly isDestructive?: boolean;
  readonly action: Action;
  readonly onConfirm: () => void;
}

/**
 * A button that asks for confirmation in place. A dialog might be outside the visible part of a
 * tall frame. The question closes when the action has succeeded, so that a second click cannot
 * start it again.
 */
export function Confirm({ label, ...question }: ConfirmProps) {
  const [asking, setAsking] = useState(false);
  const hasAsked = useRef(false);
  if (asking) return <Question label={label} {...question} onClose={() => setAsking(false)} />;
  const ask = () => {
    hasAsked.current = true;
    setAsking(true);
  };
  return (
    <button
      type="button"
      class={`outline ${question.isDestructive ? "danger" : ""}`}
      ref={hasAsked.current ? focusOnce : null}
      onClick={ask}
    >
      {label}
    </button>
  );
}

interface QuestionProps extends ConfirmProps {
  /** Called when the user cancels, and after the action has succeeded. */
  readonly onClose: () => void;
  /** Controls and remarks below the question. */
  readonly children?: ComponentChildren;
}

/** A question before an action. Escape cancels. It ignores further clicks until the action has ended. */
export function Question(props: QuestionProps) {
  const { label, question, confirm, isDestructive = false, action, onConfirm, onClose, children } = props;
  const isConfirmed = useRef(false);
  useEffect(() => {
    if (action.busy || !isConfirmed.current) return;
    isConfirmed.current = false;
    if (action.problem === null) onClose();
  }, [action.busy]);
  const run = () => {
    if (isConfirmed.current) return;
    isConfirmed.current = true;
    onConfirm();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Escape" || action.busy || event.defaultPrevented) return;
    event.preventDefault();
    onClose();
  };
  return (
    <section class="confirm" aria-label={label} onKeyDown={onKeyDown}>
      <p>{question}</p>
      {children}
      <div class="buttons">
        <button
          type="button"
          class={isDestructive ? "danger" : ""}
          disabled={action.busy}
          aria-busy={action.busy}
          onClick={run}
        >
          {confirm}
        </button>
        <button type="button" class="outline secondary" ref={focusOnce} onClick={onClose}>
          Cancel
        </button>
      </div>
    </section>
  );
}

/** Focuses the button once, because the button that had the focus was removed. */
function focusOnce(button: HTMLElement | null): void {
  button?.focus();
}

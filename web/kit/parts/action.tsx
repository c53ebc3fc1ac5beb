import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

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
 * tall frame.
 */
export function Confirm({ label, question, confirm, isDestructive = false, action, onConfirm }: ConfirmProps) {
  const danger = isDestructive ? "danger" : "";
  const [asking, setAsking] = useState(false);
  if (!asking) {
    return (
      <button type="button" class={`outline ${danger}`} onClick={() => setAsking(true)}>
        {label}
      </button>
    );
  }
  return (
    <section class="confirm" aria-label={label}>
      <p>{question}</p>
      <div class="buttons">
        <button type="button" class={danger} disabled={action.busy} aria-busy={action.busy} onClick={onConfirm}>
          {confirm}
        </button>
        <button type="button" class="outline secondary" ref={focusOnce} onClick={() => setAsking(false)}>
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

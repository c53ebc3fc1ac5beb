import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { refresh } from "../refresh.ts";

/** An action of the user, with its progress and result. */
export interface Action {
  readonly busy: boolean;
  readonly problem: string | null;
  /** The message to show after it has succeeded. */
  readonly done: string | null;
  /** Never rejects. Resolves with whether `work` succeeded. */
  run(work: () => Promise<unknown>, done?: string): Promise<boolean>;
}

/** Reloads the data of the page after each success, unless the action leads to another page. */
export function useAction({ leads = false } = {}): Action {
  const [state, setState] = useState<Omit<Action, "run">>({ busy: false, problem: null, done: null });
  return {
    ...state,
    async run(work, done) {
      setState({ busy: true, problem: null, done: null });
      try {
        await work();
      } catch (error) {
        setState({ busy: false, problem: (error as Error).message, done: null });
        return false;
      }
      setState({ busy: false, problem: null, done: done ?? null });
      if (!leads) refresh();
      return true;
    },
  };
}

/** The result of an action. It is always in the page, so that screen readers announce changes. */
export function Outcome({ action: { problem, done } }: { action: Action }) {
  return (
    <p class={`outcome ${problem === null ? "" : "outcome-bad"}`} role="status">
      {problem ?? done}
    </p>
  );
}

interface ConfirmProps {
  /** The label of the button that opens the question. */
  readonly label: string;
  readonly question: ComponentChildren;
  /** The label of the button that runs the action. */
  readonly confirm: string;
  /** The action destroys something. */
  readonly isDestructive?: boolean;
  readonly action: Action;
  readonly onConfirm: () => void;
}

/**
 * A button that asks for confirmation in place. A dialog over the page could be out of sight in a
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

/** Takes the focus from the button that has been removed. */
function focusOnce(button: HTMLElement | null): void {
  button?.focus();
}

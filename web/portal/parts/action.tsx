import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { refresh } from "../refresh.ts";

/** Something that the reader asked to be done: whether it is under way, and how it went. */
export interface Action {
  readonly busy: boolean;
  readonly problem: string | null;
  /** What to say of it when it went well. */
  readonly done: string | null;
  /** Never rejects. Resolves with whether it went well. */
  run(work: () => Promise<unknown>, done?: string): Promise<boolean>;
}

/** Whatever the page shows is read again when it is done, unless what is done leads to another page. */
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

/** How it went; read out when it changes, so it is always there. */
export function Outcome({ action: { problem, done } }: { action: Action }) {
  return (
    <p class={`outcome ${problem === null ? "" : "outcome-bad"}`} role="status">
      {problem ?? done}
    </p>
  );
}

interface ConfirmProps {
  /** On the button that asks first. */
  readonly label: string;
  readonly question: ComponentChildren;
  /** On the button that does it. */
  readonly confirm: string;
  /** Something is lost by it. */
  readonly isLoss?: boolean;
  readonly action: Action;
  readonly onConfirm: () => void;
}

/** A button that asks once more, in place: a dialogue over the page would be out of sight in a tall frame. */
export function Confirm({ label, question, confirm, isLoss = false, action, onConfirm }: ConfirmProps) {
  const danger = isLoss ? "danger" : "";
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

/** The focus was on the button that is gone. */
function focusOnce(button: HTMLElement | null): void {
  button?.focus();
}

import { type Action, useActionThen } from "../../kit/parts/action.tsx";
import { refresh } from "../refresh.ts";

export { type Action, Confirm, Outcome } from "../../kit/parts/action.tsx";

/**
 * Runs actions of the user. After each success, reloads the page's data unless the action leads to
 * another page (`leads`).
 */
export function useAction({ leads = false } = {}): Action {
  return useActionThen(leads ? null : refresh);
}

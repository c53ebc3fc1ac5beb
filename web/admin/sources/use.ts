import type { Provider } from "../../../src/api/types.ts";
import { type Action, useActionThen } from "../../kit/parts/action.tsx";
import { type Resource, useOnce } from "../../kit/reading.ts";
import { refresh } from "../live.ts";
import { getProvider, getProviders } from "./api.ts";

export function useProviders(): Resource<readonly Provider[]> {
  return useOnce("providers", getProviders);
}

/** Returns the provider with this id; null while it is loading, or while the id is null. */
export function useProvider(id: string | null): Provider | null {
  return useOnce(id ?? "", async (signal) => (id === null ? null : getProvider(id, signal))).value;
}

/**
 * Runs actions of the user. After each success, reloads the page's data unless the action leads to
 * another page (`leads`).
 */
export function useAction({ leads = false } = {}): Action {
  return useActionThen(leads ? null : refresh);
}

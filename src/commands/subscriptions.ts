import type { Seq } from "../core/id.ts";
import { foreignOperationalEventTypes, operationalEventTypes } from "../core/operational.ts";
import { invalid } from "../core/problem.ts";
import type { CommandContext } from "./context.ts";

/**
 * Decides which event types an endpoint may subscribe to. `names` are the requested event types,
 * and `before` are those that the endpoint already has. Throws 422 if one is not allowed.
 */
export type SubscriptionRule = (names: readonly string[], before: readonly string[]) => void | Promise<void>;

export const anyEventTypes: SubscriptionRule = () => {};

/**
 * Allows the environment's event types that are not archived. `featureFlags` are the caller's
 * flags: the caller may add only event types that have no flags or at least one of these. Null
 * allows all event types.
 */
export function existingEventTypes(
  { store }: Pick<CommandContext, "store">,
  environmentSeq: Seq,
  featureFlags: readonly string[] | null,
): SubscriptionRule {
  const { eventTypes } = store.configuration;
  return async (names, before) => {
    const hidden = await eventTypes.unknown(environmentSeq, names, featureFlags);
    if (hidden.length === 0) return;
    const had = new Set(before);
    const addsHidden = hidden.some((name) => !had.has(name));
    if (!addsHidden && (await eventTypes.unknown(environmentSeq, hidden, null)).length === 0) return;
    throw invalid(["body", "eventTypes"], `${missing(hidden.filter((name) => !had.has(name)))} Create them first.`);
  };
}

/** Maximum number of event types that an error names. */
const NAMED_MAX = 20;

function missing(names: readonly string[]): string {
  const more = names.length > NAMED_MAX ? ` and ${names.length - NAMED_MAX} more` : "";
  return `These event types do not exist or are archived: ${names.slice(0, NAMED_MAX).join(", ")}${more}.`;
}

const operational: ReadonlySet<string> = new Set([...operationalEventTypes, ...foreignOperationalEventTypes]);

/**
 * Allows the event types of operational webhooks. The environment's own event types do not matter.
 */
export const onlyOperationalEventTypes: SubscriptionRule = (names) => {
  const unknown = names.filter((name) => !operational.has(name));
  if (unknown.length === 0) return;
  const named = unknown.slice(0, NAMED_MAX).join(", ");
  throw invalid(
    ["body", "eventTypes"],
    `Unknown: ${named}. Operational event types are: ${operationalEventTypes.join(", ")}.`,
  );
};

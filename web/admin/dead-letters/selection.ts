import type { DeadLetterGroup, DeadLetterPreview } from "../../../src/api/types.ts";
import type { Query } from "../../kit/address.ts";

/** Which dead letters an action affects. Pure functions. */

/** The filter in the body of a redrive or drop. */
export interface Selection {
  readonly all?: true;
  readonly appId?: string;
  readonly endpointId?: string;
  readonly eventTypes?: readonly string[];
  readonly reason?: string;
  readonly before?: string;
  readonly after?: string;
}

/** Returns what the filters of the address select. */
export function selectionOf({ app_id, endpoint_id, event_types, reason, before, after }: Query): Selection {
  const chosen: Selection = {
    ...(app_id !== undefined && { appId: app_id }),
    ...(endpoint_id !== undefined && { endpointId: endpoint_id }),
    ...(event_types !== undefined && { eventTypes: [event_types] }),
    ...(reason !== undefined && { reason }),
    ...(before !== undefined && { before }),
    ...(after !== undefined && { after }),
  };
  return Object.keys(chosen).length === 0 ? { all: true } : chosen;
}

/**
 * Returns the selection of one group: its letters that the times of the address include. A deleted
 * customer cannot be named in a filter, but its endpoints can.
 */
export function selectionOfGroup(group: DeadLetterGroup, { before, after }: Query): Selection {
  return {
    ...(!group.endpointDeleted && { appId: group.appId }),
    endpointId: group.endpointId,
    eventTypes: [group.eventType],
    reason: group.reason,
    ...(before !== undefined && { before }),
    ...(after !== undefined && { after }),
  };
}

/** The filters of the list that shows the letters of a group. */
export function queryOfGroup(group: DeadLetterGroup, { before, after }: Query): Query {
  return {
    endpoint_id: group.endpointId,
    event_types: group.eventType,
    reason: group.reason,
    ...(before !== undefined && { before }),
    ...(after !== undefined && { after }),
  };
}

/** Limits a selection to what a preview has counted. */
export function asPreviewed({ all: _, ...selection }: Selection, { before }: DeadLetterPreview): Selection {
  return { ...selection, before };
}

export function keyOfGroup({ appId, endpointId, eventType, reason }: DeadLetterGroup): string {
  return [appId, endpointId, eventType, reason].join(" ");
}

/** Maximum number of groups in a response. */
const GROUPS_MAX = 1000;

/** The dead letters of one endpoint that a redrive leaves out. */
export interface LeftOut {
  readonly group: DeadLetterGroup;
  readonly count: number;
}

/** Returns what is dead but not redrivable, by endpoint, the most first. */
export function leftOut(dead: readonly DeadLetterGroup[], redrivable: readonly DeadLetterGroup[]): readonly LeftOut[] {
  // Not all groups are known.
  if (dead.length >= GROUPS_MAX) return [];
  const counts = new Map<string, LeftOut>();
  const add = (group: DeadLetterGroup, count: number) => {
    const before = counts.get(group.endpointId);
    counts.set(group.endpointId, { group, count: (before?.count ?? 0) + count });
  };
  for (const group of dead) add(group, group.count);
  for (const group of redrivable) add(group, -group.count);
  return [...counts.values()].filter(({ count }) => count > 0).sort((a, b) => b.count - a.count);
}

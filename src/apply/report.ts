/** The printed form of changes. */

import type { Change } from "./change.ts";
import { KINDS } from "./kinds.ts";

const SIGNS = { create: "+", update: "~", delete: "-" } as const;

/** Returns the line of a change, such as `~ endpoint acme/main (url, description)`. */
export function changeLine({ action, kind, id, fields }: Change): string {
  const names = action === "update" ? ` (${fields.join(", ")})` : "";
  return `${SIGNS[action]} ${KINDS[kind].word} ${id}${names}`;
}

export interface Summary {
  readonly created: number;
  readonly updated: number;
  readonly deleted: number;
  readonly unchanged: number;
}

export function summaryOf(changes: readonly Change[], unchanged: number): Summary {
  const count = (action: Change["action"]) => changes.filter((one) => one.action === action).length;
  return { created: count("create"), updated: count("update"), deleted: count("delete"), unchanged };
}

export function summaryLine({ created, updated, deleted, unchanged }: Summary, isDryRun: boolean): string {
  return isDryRun
    ? `${created} to create, ${updated} to update, ${deleted} to delete, ${unchanged} unchanged`
    : `${created} created, ${updated} updated, ${deleted} deleted, ${unchanged} unchanged`;
}

export function jsonOf(changes: readonly Change[], summary: Summary, isDryRun: boolean) {
  const shown = changes.map(({ action, kind, id, fields }) => ({ action, kind, id, fields }));
  return { changes: shown, ...summary, dryRun: isDryRun };
}

/** Returns the things of which only secrets may differ, such as `endpoint acme/main (auth)`. */
export function uncomparedText(changes: readonly Change[]): string {
  return changes.map(({ kind, id, fields }) => `${KINDS[kind].word} ${id} (${fields.join(", ")})`).join(", ");
}

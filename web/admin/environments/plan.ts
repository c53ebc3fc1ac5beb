import type { Configuration } from "../api/environments.ts";

/** What an import of event types does. */
export interface ImportPlan {
  readonly created: number;
  readonly replaced: number;
  /** Event types of the environment that the import does not contain. */
  readonly others: number;
}

type EventTypes = Configuration["eventTypes"];

export function planImport(imported: EventTypes, existing: EventTypes): ImportPlan {
  const known = new Set(existing.map(({ name }) => name));
  const replaced = imported.filter(({ name }) => known.has(name)).length;
  return { created: imported.length - replaced, replaced, others: known.size - replaced };
}

/** Returns the event types of an exported file. Throws an error with a message for the user. */
export function readConfiguration(text: string): EventTypes {
  const { eventTypes } = (parsed(text) ?? {}) as { readonly eventTypes?: unknown };
  const isList = Array.isArray(eventTypes) && eventTypes.every((one) => typeof one?.name === "string");
  if (!isList) throw new Error("The file is not an exported configuration: it has no list of event types.");
  if (eventTypes.length === 0) throw new Error("The file contains no event types.");
  return eventTypes;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error("The file is not valid JSON. Choose a file that was saved with “Export configuration”.");
  }
}

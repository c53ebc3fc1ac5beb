import type { EventType } from "../../../src/api/types.ts";
import { type FoundEventType, validatePayload } from "../api/event-types.ts";
import { jsonProblem } from "../event-types/schema-editor.tsx";
import { useTyped } from "../typed.ts";
import type { PayloadFinding } from "./payload-field.tsx";

interface Fit {
  readonly findings: readonly PayloadFinding[];
  readonly note: string;
}

/** Number of parts of a location before the path in the payload: `body` and `example`. */
const PREFIX = 2;

/** Checks a payload against the schema of its event type while the user types. */
export function useFit(found: FoundEventType | null, payload: string): Fit {
  const type = found?.known ?? null;
  const isChecked = type !== null && type.schemaVersions.length > 0;
  const isJson = payload.trim() !== "" && jsonProblem(payload) === null;
  const { value, error } = useTyped(isChecked && isJson ? `${type.name} ${payload}` : null, (signal) =>
    validatePayload(type!.name, payload, signal),
  );
  if (found === null) return { findings: [], note: "" };
  if (type === null)
    return { findings: [], note: "The payload is not checked, because no such event type is registered." };
  if (!isChecked) return { findings: [], note: "The event type has no schema, so the payload is not checked." };
  if (error !== null) return { findings: [], note: error.message };
  if (value === null) return { findings: [], note: "" };
  if (value.schema !== null) return { findings: [], note: `The schema cannot be used: ${value.schema.msg}` };
  const findings = value.example.map(({ loc, msg }) => ({ path: loc.slice(PREFIX), msg }));
  return { findings, note: value.valid ? "The payload fits the schema of the event type." : consequenceOf(type) };
}

function consequenceOf({ validation }: EventType): string {
  switch (validation) {
    case "reject":
      return "The server will refuse this message, because the payload does not fit the schema.";
    case "warn":
      return "The server will accept this message with a warning, because the payload does not fit the schema.";
    default:
      return "The payload does not fit the schema. The event type does not check messages, so it can be sent.";
  }
}

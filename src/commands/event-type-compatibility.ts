import { conflict } from "../core/problem.ts";
import { incompatibleChanges } from "../core/schema-compatibility.ts";
import { latestSchema, versionsOf } from "../core/schema-versions.ts";
import type { EventType } from "../store/index.ts";

type Schemas = Pick<EventType, "schemas">;

/**
 * Returns the changes of the latest schema that may break producers or consumers, as texts. Throws 409
 * if the event type rejects them. `before` is null if the event type is new.
 */
export function schemaWarnings(
  before: Schemas | null,
  after: Schemas & Pick<EventType, "name" | "compatibility">,
): readonly string[] {
  if (before === null || after.compatibility === "off") return [];
  const warnings = changesOf(before, after);
  if (warnings.length === 0 || after.compatibility === "warn") return warnings;
  throw conflict(
    `The schema of ${after.name} would break its users: ${warnings.join("; ")}. Add a payload version, or set \`compatibility\` to warn or off.`,
    "incompatible_schema",
  );
}

function changesOf(before: Schemas, after: Schemas): readonly string[] {
  const schema = latestSchema(before);
  if (schema === undefined) return [];
  const version = versionsOf(after).at(-1);
  if (version === undefined) return ["schemas: the schema was removed"];
  return incompatibleChanges(schema, latestSchema(after)).map((text) => `schemas.${version}: ${text}`);
}

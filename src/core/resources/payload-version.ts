import { parseInstant } from "../instant.ts";
import { dotsProblem } from "../rule.ts";
import { createdAt, internal, type RecordOf, requiredAtCreation, rowNumber, setting, updatedAt } from "./field.ts";
import { eventTypeName, label } from "./shared.ts";
import { instant, integer, type Keywords, list, nullable, nullableOutput, text, type ValueType } from "./value-type.ts";

const EVENT_TYPES_MAX = 1000;
/** Maximum length of a downgrade, as of other code that customers write. */
export const DOWNGRADE_CHARS_MAX = 51_200;
export const PAYLOAD_VERSION_PATTERN = "^[A-Za-z0-9._-]{1,64}$";

/** The name of a version. */
export const versionName = (keywords: Keywords) =>
  text({ pattern: PAYLOAD_VERSION_PATTERN, rule: dotsProblem, examples: ["2026-11-01"], ...keywords });

/** A time that clients send. */
function sentInstant(description: string): ValueType<number, string, string> {
  const rule = (input: string) =>
    parseInstant(input) === null ? "Must be a time such as 2026-11-01T00:00:00Z." : null;
  const { output, format } = instant();
  const shown = { description, format: "date-time", examples: ["2027-05-01T00:00:00.000Z"] };
  const input = { type: "string", rule, shown } as const;
  return { storage: "integer", input, output, parse: (sent) => parseInstant(sent)!, format };
}

/** All fields of a payload version. To add a field, add a line here and a column in a migration. */
export const payloadVersionFields = {
  /** Messages with a greater number were accepted after the version was created. */
  seq: rowNumber(),
  environmentSeq: rowNumber(),
  version: requiredAtCreation(
    versionName({ description: "Name of the version. Versions are ordered as text, so dates are good names." }),
    { example: "2026-11-01" },
  ),
  description: setting(label("What has changed, for people who upgrade."), ""),
  eventTypes: setting(
    nullable(
      list(eventTypeName, {
        distinct: true,
        minItems: 1,
        maxItems: EVENT_TYPES_MAX,
        description: "The event types whose payloads the version changes; null or absent means all.",
      }),
    ),
    null,
    { example: ["invoice.paid"] },
  ),
  downgrade: setting(
    nullable(
      text({
        maxLength: DOWNGRADE_CHARS_MAX,
        description:
          "JavaScript with `function downgrade(payload, eventType)`. It returns the payload in the form of the previous version. Null or absent if nothing has to be changed.",
      }),
    ),
    null,
    { example: "function downgrade(payload) { payload.total = payload.amount.value; return payload; }" },
  ),
  /** From then on, deliveries in this version carry the header `deprecation`. */
  deprecatedAt: setting(
    nullable(sentInstant("Time of the deprecation, sent as the header `deprecation`; null if it is not deprecated.")),
    null,
  ),
  sunsetAt: setting(
    nullable(
      sentInstant("Time from which the version may be gone, sent as the header `sunset`; null if there is none."),
    ),
    null,
  ),
  /** Messages with a greater number were accepted after the version was deleted. Null while it exists. */
  deletedSeq: internal(nullableOutput(integer())),
  createdAt,
  updatedAt,
};

export interface PayloadVersion extends RecordOf<typeof payloadVersionFields> {}

import type { PayloadVersion, PayloadVersionChange } from "../../../src/api/types.ts";
import { EventTypePicker } from "../../kit/endpoint/event-type-picker.tsx";
import { CodeField } from "../../kit/parts/code-field.tsx";
import { TextField } from "../../kit/parts/field.tsx";
import { localTime } from "../../kit/parts/filter-bar.tsx";
import type { Problems } from "../../kit/problems.ts";
import { getEventTypes } from "../api/event-types.ts";

/** The content of the form. Times are those of `datetime-local` inputs, empty if there is none. */
export interface Draft {
  readonly description: string;
  readonly eventTypes: readonly string[] | null;
  readonly downgrade: string;
  readonly deprecatedAt: string;
  readonly sunsetAt: string;
}

const NEW_DOWNGRADE = `function downgrade(payload, eventType) {
  return payload;
}
`;

export const NEW_DRAFT: Draft = {
  ...{ description: "", eventTypes: null, downgrade: NEW_DOWNGRADE, deprecatedAt: "", sunsetAt: "" },
};

export function draftOf({ description, eventTypes, downgrade, deprecatedAt, sunsetAt }: PayloadVersion): Draft {
  return {
    ...{ description, eventTypes, downgrade: downgrade ?? "" },
    ...{ deprecatedAt: localTime(deprecatedAt ?? ""), sunsetAt: localTime(sunsetAt ?? "") },
  };
}

/** Returns the fields that differ from `saved`, so that times keep their fractions of a second. */
export function changeOf(draft: Draft, saved: Draft | null): PayloadVersionChange {
  const all = {
    ...{ description: draft.description, eventTypes: draft.eventTypes },
    ...{ downgrade: draft.downgrade.trim() === "" ? null : draft.downgrade },
    ...{ deprecatedAt: instantOf(draft.deprecatedAt), sunsetAt: instantOf(draft.sunsetAt) },
  };
  const names = Object.keys(all) as (keyof Draft)[];
  const changed = names.filter((name) => JSON.stringify(draft[name]) !== JSON.stringify(saved?.[name]));
  return Object.fromEntries(changed.map((name) => [name, all[name]]));
}

function instantOf(local: string): string | null {
  return local === "" ? null : new Date(local).toISOString();
}

export const DRAFT_NAMES: readonly string[] = Object.keys(NEW_DRAFT);

interface FieldsProps {
  readonly draft: Draft;
  readonly problems: Problems;
  readonly onChange: (draft: Draft) => void;
}

/** The fields of a payload version, without its name, which cannot be changed. */
export function PayloadVersionFields({ draft, problems, onChange }: FieldsProps) {
  const set = (change: Partial<Draft>) => onChange({ ...draft, ...change });
  return (
    <>
      <TextField
        label="Description"
        isOptional
        value={draft.description}
        problem={problems.description ?? null}
        onInput={(description) => set({ description })}
        help="What has changed. Customers see it in the portal."
      />
      <EventTypePicker
        read={getEventTypes}
        problem={problems.eventTypes ?? null}
        value={draft.eventTypes}
        onChange={(eventTypes) => set({ eventTypes })}
      />
      <CodeField
        label="Downgrade"
        help="Returns the payload in the form of the previous version. Leave it empty if nothing has to be changed."
        problem={problems.downgrade ?? null}
        rows={DOWNGRADE_ROWS}
        value={draft.downgrade}
        onInput={(downgrade) => set({ downgrade })}
      />
      <TextField
        label="Deprecated from"
        isOptional
        input={TIME_INPUT}
        value={draft.deprecatedAt}
        problem={problems.deprecatedAt ?? null}
        onInput={(deprecatedAt) => set({ deprecatedAt })}
        help="Sent as the header deprecation, and shown to customers whose endpoints have this version."
      />
      <TextField
        label="May be removed from"
        isOptional
        input={TIME_INPUT}
        value={draft.sunsetAt}
        problem={problems.sunsetAt ?? null}
        onInput={(sunsetAt) => set({ sunsetAt })}
        help="Sent as the header sunset. Nothing else happens at this time."
      />
    </>
  );
}

const DOWNGRADE_ROWS = 12;
const TIME_INPUT = { type: "datetime-local", step: "1" } as const;

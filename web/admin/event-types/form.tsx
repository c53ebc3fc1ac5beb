import { SelectField, TextField } from "../../kit/parts/field.tsx";

export { problemsOf } from "../../kit/problems.ts";

/** The fields of an event type that forms change, without its schemas. */
export interface Fields {
  readonly description: string;
  readonly groupName: string;
  readonly validation: string;
}

const VALIDATIONS = [
  { value: "off", label: "do not check payloads" },
  { value: "warn", label: "accept, with a warning" },
  { value: "reject", label: "reject payloads that do not fit" },
];

interface EventTypeFieldsProps {
  readonly fields: Fields;
  readonly problems: Readonly<Record<string, string>>;
  readonly onChange: (fields: Fields) => void;
}

export function EventTypeFields({ fields, problems, onChange }: EventTypeFieldsProps) {
  return (
    <>
      <TextField
        label="Description"
        value={fields.description}
        problem={problems.description ?? null}
        onInput={(description) => onChange({ ...fields, description })}
      />
      <TextField
        label="Group"
        isOptional
        value={fields.groupName}
        problem={problems.groupName ?? null}
        onInput={(groupName) => onChange({ ...fields, groupName })}
      />
      <SelectField
        label="Payloads of messages"
        value={fields.validation}
        choices={VALIDATIONS}
        problem={problems.validation ?? null}
        onChange={(validation) => onChange({ ...fields, validation })}
      />
    </>
  );
}

export function sentFields({ description, groupName, validation }: Fields): object {
  return { description, groupName: groupName.trim() || null, validation };
}

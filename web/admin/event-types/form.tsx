import { SelectField, TextField } from "../../kit/parts/field.tsx";

export { problemsOf } from "../../kit/problems.ts";

/** The fields of an event type that forms change, without its schemas. */
export interface Fields {
  readonly description: string;
  readonly groupName: string;
  readonly validation: string;
  readonly compatibility: string;
}

const VALIDATIONS = [
  { value: "off", label: "do not check payloads" },
  { value: "warn", label: "accept, with a warning" },
  { value: "reject", label: "reject payloads that do not fit" },
];

const COMPATIBILITIES = [
  { value: "off", label: "do not check them" },
  { value: "warn", label: "save, with a warning if they may break receivers" },
  { value: "reject", label: "reject those that may break receivers" },
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
      <SelectField
        label="Changes of the schema"
        value={fields.compatibility}
        choices={COMPATIBILITIES}
        problem={problems.compatibility ?? null}
        onChange={(compatibility) => onChange({ ...fields, compatibility })}
      />
    </>
  );
}

export function sentFields({ groupName, ...fields }: Fields): object {
  return { ...fields, groupName: groupName.trim() || null };
}

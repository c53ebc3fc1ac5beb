import { formatInstant } from "../../format.ts";
import { Field } from "../../parts/field.tsx";
import type { SampleMessage, TransformationApi } from "./model.ts";

interface SampleChoiceProps extends Pick<TransformationApi, "form"> {
  readonly value: string;
  readonly messages: readonly (Omit<SampleMessage, "id"> & { readonly value: string })[];
  readonly examples: readonly { readonly value: string; readonly name: string }[];
  /** The value of the choice of a payload that the user writes. */
  readonly own: string;
  readonly onChange: (value: string) => void;
}

/** Chooses the message on which code is tried. */
export function SampleChoice({ form, value, messages, examples, own, onChange }: SampleChoiceProps) {
  return (
    <Field label="Message">
      {(control) => (
        <select {...control} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
          {messages.length > 0 && (
            <optgroup label={form === "webhook" ? "Stored messages" : "Received requests"}>
              {messages.map(({ value, eventType, timestamp }) => (
                <option key={value} value={value}>
                  {eventType}, {formatInstant(Date.parse(timestamp), Date.now())}
                </option>
              ))}
            </optgroup>
          )}
          {examples.length > 0 && (
            <optgroup label="Examples of event types">
              {examples.map(({ value, name }) => (
                <option key={value} value={value}>
                  {name}
                </option>
              ))}
            </optgroup>
          )}
          <option value={own}>{form === "webhook" ? "A payload of your own" : "A body of your own"}</option>
        </select>
      )}
    </Field>
  );
}

import type { Application } from "../../../src/api/types.ts";
import { ApiError } from "../../kit/client.ts";
import { TextField } from "../../kit/parts/field.tsx";
import { type Entry, MetadataRows, metadataOf, rowsOf, rowsProblem } from "./metadata-rows.tsx";
import { QuotaFields } from "./quota-fields.tsx";
import { NO_QUOTA, numberOf, type QuotaTexts, quotaOf, quotaTextsOf } from "./quota-texts.ts";

/** What a form of a customer contains. */
export interface CustomerFields {
  readonly name: string;
  readonly uid: string;
  /** Attempts per second as text; empty for no limit. */
  readonly rate: string;
  readonly quota: QuotaTexts;
  readonly metadata: readonly Entry[];
}

export const NO_FIELDS: CustomerFields = { name: "", uid: "", rate: "", quota: NO_QUOTA, metadata: [] };

export function fieldsOf({ name, uid, throttleRate, quota, metadata }: Application): CustomerFields {
  const rate = throttleRate == null ? "" : String(throttleRate);
  return { name, uid: uid ?? "", rate, quota: quotaTextsOf(quota), metadata: rowsOf(metadata) };
}

/** Returns the fields as the API takes them. A rate that is not a number is sent unchanged, so that the server names it. */
export function sentOf({ name, uid, rate, quota, metadata }: CustomerFields) {
  return {
    name: name.trim(),
    uid: uid.trim() || null,
    throttleRate: numberOf(rate),
    quota: quotaOf(quota),
    metadata: metadataOf(metadata),
  };
}

/** Returns the fields that differ, so that a change by somebody else to another field is kept. */
export function changeOf(before: CustomerFields, after: CustomerFields): object {
  const [was, is] = [sentOf(before), sentOf(after)];
  return Object.fromEntries(
    Object.entries(is).filter(
      ([name, value]) => JSON.stringify(value) !== JSON.stringify(was[name as keyof typeof was]),
    ),
  );
}

export type Problems = Readonly<Record<string, string>>;

/** Returns what is wrong with the fields before they are sent. */
export function ownProblems({ name, metadata }: CustomerFields): Problems {
  const inRows = rowsProblem(metadata);
  return {
    ...(name.trim() === "" && { name: "Enter a name." }),
    ...(inRows !== null && { metadata: inRows }),
  };
}

/** Returns what the server found wrong, by field; for a limit of the quota under `quota.` and its name. */
export function sentProblems(error: Error): Problems {
  if (!(error instanceof ApiError)) return {};
  // The only conflict of an application is that of its uid.
  if (error.status === 409) return { uid: error.message };
  return Object.fromEntries(
    error.findings.map(({ loc: [, field = "", part], msg }) => [field === "quota" ? `quota.${part}` : field, msg]),
  );
}

interface CustomerFormFieldsProps {
  readonly fields: CustomerFields;
  readonly problems: Problems;
  readonly onChange: (fields: CustomerFields) => void;
}

export function CustomerFormFields({ fields, problems, onChange }: CustomerFormFieldsProps) {
  return (
    <>
      <TextField
        label="Name"
        value={fields.name}
        problem={problems.name ?? null}
        onInput={(name) => onChange({ ...fields, name })}
      />
      <TextField
        label="UID"
        isOptional
        value={fields.uid}
        problem={problems.uid ?? null}
        help="Your own ID for the customer. It can be used instead of the ID in requests."
        input={{ placeholder: "customer-17" }}
        onInput={(uid) => onChange({ ...fields, uid })}
      />
      <TextField
        label="Attempts per second"
        isOptional
        value={fields.rate}
        problem={problems.throttleRate ?? null}
        help="The limit over all endpoints of the customer together. Empty means no limit."
        input={{ inputMode: "numeric", placeholder: "no limit" }}
        onInput={(rate) => onChange({ ...fields, rate })}
      />
      <QuotaFields texts={fields.quota} problems={problems} onChange={(quota) => onChange({ ...fields, quota })} />
      <MetadataRows
        rows={fields.metadata}
        problem={problems.metadata ?? null}
        onChange={(metadata) => onChange({ ...fields, metadata })}
      />
    </>
  );
}

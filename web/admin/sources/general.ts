import type { Source, SourceChange } from "../../../src/api/types.ts";
import { ApiError } from "../../kit/client.ts";
import { headersOf } from "../endpoints/header-lines.ts";

/** The settings of a source that do not belong to its check, as texts of a form. Pure functions. */
export interface GeneralDraft {
  readonly name: string;
  readonly uid: string;
  readonly eventType: string;
  readonly ownAnswer: boolean;
  readonly status: string;
  /** One header per line. */
  readonly headers: string;
  readonly body: string;
  readonly skipsDuplicates: boolean;
  readonly by: string;
  readonly windowSeconds: string;
  readonly ingestRate: string;
  readonly disabled: boolean;
  /** A JSON object. */
  readonly metadata: string;
}

const WINDOW_SECONDS = 86_400;

export function draftOf(source: Source): GeneralDraft {
  const { answer, deduplicate, metadata } = source;
  return {
    name: source.name,
    uid: source.uid ?? "",
    eventType: source.eventType ?? "",
    ownAnswer: answer !== null,
    status: String(answer?.status ?? 200),
    headers: Object.entries(answer?.headers ?? {})
      .map(([name, value]) => `${name}: ${value}`)
      .join("\n"),
    body: answer?.body ?? "",
    skipsDuplicates: deduplicate !== null,
    by: deduplicate?.by ?? "delivery-id",
    windowSeconds: String(deduplicate?.windowSeconds ?? WINDOW_SECONDS),
    ingestRate: source.ingestRate === null ? "" : String(source.ingestRate),
    disabled: source.disabled,
    metadata: Object.keys(metadata).length === 0 ? "" : JSON.stringify(metadata, null, 2),
  };
}

/**
 * Returns the request that saves a draft. It contains only the differences from `saved`, so that it
 * does not overwrite changes by others.
 */
export function changeOf(draft: GeneralDraft, saved: GeneralDraft): SourceChange {
  const before = valuesOf(saved);
  const changed = Object.entries(valuesOf(draft)).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name]),
  );
  return Object.fromEntries(changed) as SourceChange;
}

/** Values that do not parse are sent as they are, so that the API explains them. */
function valuesOf(draft: GeneralDraft): Readonly<Record<string, unknown>> {
  const { name, uid, eventType, ownAnswer, skipsDuplicates, ingestRate, disabled, metadata } = draft;
  return {
    name: name.trim(),
    uid: uid.trim() || null,
    eventType: eventType.trim() || null,
    answer: ownAnswer ? { status: numberOf(draft.status), headers: headersOf(draft.headers), body: draft.body } : null,
    deduplicate: skipsDuplicates ? { by: draft.by.trim(), windowSeconds: numberOf(draft.windowSeconds) } : null,
    ingestRate: ingestRate.trim() === "" ? null : numberOf(ingestRate),
    disabled,
    metadata: metadata.trim() === "" ? {} : jsonOf(metadata),
  };
}

function numberOf(text: string): number | string {
  return /^\s*\d{1,12}\s*$/.test(text) ? Number(text) : text;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The fields of the form that problems are shown at, by the places that the API names. */
const FIELDS = [
  "name",
  "uid",
  "eventType",
  "answer.status",
  "answer.headers",
  "answer.body",
  "deduplicate.by",
  "deduplicate.windowSeconds",
  "ingestRate",
  "metadata",
] as const;

export type GeneralField = (typeof FIELDS)[number];

export interface GeneralProblems {
  readonly at: Readonly<Partial<Record<GeneralField, string>>>;
  /** What is wrong and has no field; null if nothing is. */
  readonly rest: string | null;
}

/** Returns what is wrong with the values that were sent. */
export function problemsIn(error: Error | null): GeneralProblems {
  if (error === null) return { at: {}, rest: null };
  if (!(error instanceof ApiError) || error.findings.length === 0) return { at: {}, rest: error.message };
  const at: Partial<Record<GeneralField, string>> = {};
  let hasOther = false;
  for (const { loc, msg } of error.findings) {
    const path = loc.slice(1).join(".");
    const field = FIELDS.find((name) => path === name || path.startsWith(`${name}.`));
    if (field === undefined) hasOther = true;
    else at[field] = at[field] === undefined ? msg : `${at[field]} ${msg}`;
  }
  return { at, rest: hasOther ? error.message : "Correct the marked fields." };
}

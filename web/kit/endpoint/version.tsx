import type { Endpoint, PayloadVersionSummary } from "../../../src/api/types.ts";
import { today } from "../clock.ts";
import { SelectField } from "../parts/field.tsx";
import { endingWords, versionChoices } from "../payload-version.ts";
import style from "./state.module.css";

interface VersionProps {
  readonly endpoint: Pick<Endpoint, "apiVersion">;
  /** The versions of the environment, newest first; null if they are not known. */
  readonly versions: readonly PayloadVersionSummary[] | null;
}

/** Says when the payload version of an endpoint ends. Shows nothing if that is not planned. */
export function VersionNotice({ endpoint: { apiVersion }, versions }: VersionProps) {
  const own = versions?.find(({ version }) => version === apiVersion);
  const words = own === undefined ? "" : endingWords(own, today.value);
  if (words === "") return null;
  const newest = versions![0]!.version;
  return (
    <p class={style.notice} data-tone="wait">
      The payload version of this endpoint, {apiVersion}, {words}.
      {newest !== apiVersion &&
        ` Prepare the receiver for a newer version and choose it in the settings. The newest is ${newest}.`}
    </p>
  );
}

interface ChoiceProps {
  /** The versions of the environment, newest first. */
  readonly versions: readonly PayloadVersionSummary[];
  /** The stored version, null if it is none, or undefined for a new endpoint. */
  readonly pinned: string | null | undefined;
  readonly label: string;
  readonly problem: string | null;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

/** Chooses the version in which payloads are sent. Shows nothing if there are no versions. */
export function VersionChoice({ versions, pinned, value, ...field }: ChoiceProps) {
  if (versions.length === 0 && !pinned) return null;
  const { description } = versions.find(({ version }) => version === value) ?? {};
  return (
    <SelectField
      {...field}
      value={value}
      choices={versionChoices(versions, pinned, today.value)}
      {...(description && { help: description })}
    />
  );
}

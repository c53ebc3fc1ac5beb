import type { PayloadVersionSummary } from "../../src/api/types.ts";
import { formatInstant } from "./format.ts";

/** When a version is deprecated and when it may be gone. */
type Ending = Pick<PayloadVersionSummary, "deprecatedAt" | "sunsetAt">;

/** Returns whether a version is deprecated at `now`, in ms. */
export function isDeprecated({ deprecatedAt }: Pick<Ending, "deprecatedAt">, now: number): boolean {
  return deprecatedAt !== null && Date.parse(deprecatedAt) <= now;
}

/** Returns when a version ends, such as `is deprecated since Jan 1, 00:00:00`; empty if that is not planned. */
export function endingWords(version: Ending, now: number): string {
  const { deprecatedAt, sunsetAt } = version;
  const at = (instant: string) => formatInstant(Date.parse(instant), now);
  const words: string[] = [];
  if (deprecatedAt !== null)
    words.push(`is deprecated ${isDeprecated(version, now) ? "since" : "from"} ${at(deprecatedAt)}`);
  if (sunsetAt !== null) words.push(`may be removed from ${at(sunsetAt)}`);
  return words.join(" and ");
}

interface Choice {
  readonly value: string;
  readonly label: string;
}

/**
 * Returns the choices for the version of an endpoint. `versions` are newest first. `pinned` is the
 * stored version, null if it is none, or undefined for a new endpoint. The value of none is empty.
 */
export function versionChoices(
  versions: readonly PayloadVersionSummary[],
  pinned: string | null | undefined,
  now: number,
): readonly Choice[] {
  const choices = versions.map((version, index) => {
    const words = [index === 0 && "the newest", isDeprecated(version, now) && "deprecated"].filter(Boolean);
    return { value: version.version, label: [version.version, ...words].join(", ") };
  });
  if (pinned === undefined) return [{ value: "", label: "the newest when the endpoint is added" }, ...choices];
  if (pinned === null) return [{ value: "", label: "the form before the first version" }, ...choices];
  // The list may have been read before the version was created.
  if (versions.some(({ version }) => version === pinned)) return choices;
  return [{ value: pinned, label: pinned }, ...choices];
}

import { describe, expect, test } from "bun:test";
import { endingWords, versionChoices } from "../../web/kit/payload-version.ts";

const NOW = Date.UTC(2026, 5, 1);
const none = { description: "", deprecatedAt: null, sunsetAt: null };
const OLD = { ...none, version: "1", deprecatedAt: "2026-01-01T00:00:00Z" };
const NEW = { ...none, version: "2", deprecatedAt: "2027-01-01T00:00:00Z" };

describe("the words about payload versions", () => {
  test("the ending of a version names its deprecation before and after it, and its removal", () => {
    expect(endingWords(none, NOW)).toBe("");
    expect(endingWords(OLD, NOW)).toStartWith("is deprecated since ");
    expect(endingWords(NEW, NOW)).toStartWith("is deprecated from ");
    expect(endingWords({ ...none, sunsetAt: "2027-01-01T00:00:00Z" }, NOW)).toStartWith("may be removed from ");
    expect(endingWords({ ...OLD, sunsetAt: "2027-01-01T00:00:00Z" }, NOW)).toMatch(/^is deprecated .* and may be/);
  });

  test("a version is chosen from all, and from none only if the endpoint has none", () => {
    const labels = (pinned: string | null | undefined) =>
      versionChoices([NEW, OLD], pinned, NOW).map(({ value, label }) => `${value}: ${label}`);
    const all = ["2: 2, the newest", "1: 1, deprecated"];
    expect(labels("1")).toEqual(all);
    expect(labels(null)).toEqual([": the form before the first version", ...all]);
    expect(labels(undefined)).toEqual([": the newest when the endpoint is added", ...all]);
    expect(labels("3")).toEqual(["3: 3", ...all]);
  });
});

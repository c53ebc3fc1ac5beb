/** Summary of a JUnit report. */
export interface TestReport {
  readonly tests: number;
  /** Tests that failed or ended with an error. */
  readonly failures: number;
  readonly failedNames: readonly string[];
  readonly skipped: number;
  readonly skippedNames: readonly string[];
}

/** Counts the test cases of a JUnit report. Returns null if the report is incomplete. */
export function readTestReport(xml: string): TestReport | null {
  if (!xml.includes("<testsuites") || !xml.trimEnd().endsWith("</testsuites>")) return null;
  const cases = [...xml.matchAll(/<testcase\b([^>]*?)(?:\/>|>(.*?)<\/testcase>)/gs)];
  const having = (mark: RegExp) => cases.filter(([, , content]) => content !== undefined && mark.test(content));
  const namesOf = (found: typeof cases) => found.map(([, attributes]) => label(attributes));
  const failed = having(/<(failure|error)\b/);
  const skipped = having(/<skipped\b/);
  return {
    tests: cases.length,
    failures: failed.length,
    failedNames: namesOf(failed),
    skipped: skipped.length,
    skippedNames: namesOf(skipped),
  };
}

function label(attributes: string | undefined): string {
  const parts = ["file", "classname", "name"].map((name) => attribute(attributes, name));
  return parts.filter((part) => part !== "").join(" › ");
}

function attribute(attributes: string | undefined, name: string): string {
  const value = new RegExp(`(?:^|\\s)${name}="([^"]*)"`).exec(attributes ?? "")?.[1] ?? "";
  return value
    .replaceAll("&quot;", '"')
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&apos;", "'")
    .replaceAll("&amp;", "&");
}

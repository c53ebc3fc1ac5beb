/** Summary of a JUnit report. */
export interface TestReport {
  readonly tests: number;
  /** Tests that failed or ended with an error. */
  readonly failures: number;
  readonly failed: readonly FailedTest[];
  readonly skipped: number;
  readonly skippedNames: readonly string[];
}

export interface FailedTest {
  readonly name: string;
  /** What was expected and where, at most `LINES_MAX` lines. */
  readonly lines: readonly string[];
}

const LINES_MAX = 25;
const LINE_CHARS_MAX = 200;

/** Counts the test cases of a JUnit report. Returns null if the report is incomplete. */
export function readTestReport(xml: string): TestReport | null {
  if (!xml.includes("<testsuites") || !xml.trimEnd().endsWith("</testsuites>")) return null;
  const cases = [...xml.matchAll(/<testcase\b([^>]*?)(?:\/>|>(.*?)<\/testcase>)/gs)];
  const having = (mark: RegExp) => cases.filter(([, , content]) => content !== undefined && mark.test(content));
  const failed = having(/<(failure|error)\b/);
  const skipped = having(/<skipped\b/);
  return {
    tests: cases.length,
    failures: failed.length,
    failed: failed.map(([, attributes, content]) => ({ name: label(attributes), lines: linesOf(content!) })),
    skipped: skipped.length,
    skippedNames: skipped.map(([, attributes]) => label(attributes)),
  };
}

function label(attributes: string | undefined): string {
  const parts = ["file", "classname", "name"].map((name) => attribute(attributes, name));
  return parts.filter((part) => part !== "").join(" › ");
}

/** Returns the lines of a failure. A test that took too long has only a message. */
function linesOf(content: string): readonly string[] {
  const [, attributes = "", text = ""] = /<(?:failure|error)\b([^>]*?)(?:\/>|>(.*?)<\/(?:failure|error)>)/s.exec(
    content,
  )!;
  const lines = (unescapeXml(text) || attribute(attributes, "message")).split("\n");
  return lines
    .filter((line) => line.trim() !== "")
    .slice(0, LINES_MAX)
    .map((line) => line.slice(0, LINE_CHARS_MAX));
}

function attribute(attributes: string | undefined, name: string): string {
  return unescapeXml(new RegExp(`(?:^|\\s)${name}="([^"]*)"`).exec(attributes ?? "")?.[1] ?? "");
}

function unescapeXml(text: string): string {
  return text
    .replaceAll("&#10;", "\n")
    .replaceAll("&quot;", '"')
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&apos;", "'")
    .replaceAll("&amp;", "&");
}

import { expect, test } from "bun:test";
import { type FailedTest, readTestReport } from "../../scripts/test-report.ts";

const REPORT = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="bun test" tests="5" failures="2" skipped="2">
  <testsuite name="a.test.ts" file="a.test.ts">
    <testcase name="a &quot;x&quot; &lt; b" classname="" time="0" file="a.test.ts" />
    <testcase name="left out" classname="" time="0" file="a.test.ts">
      <skipped />
    </testcase>
    <testsuite name="d &amp; e">
      <testcase name="f" classname="d &amp; e" time="0" file="a.test.ts">
        <failure type="AssertionError" message="expected">expected &quot;a&quot;&#10;&#10;- 1&#10;+ 2</failure>
      </testcase>
      <testcase name="h" classname="d &amp; e" time="0" file="a.test.ts">
        <failure type="TimeoutError" message="test timed out" />
      </testcase>
      <testcase name="g" classname="d &amp; e" time="0" file="a.test.ts">
        <skipped message="TODO" />
      </testcase>
    </testsuite>
  </testsuite>
</testsuites>
`;

test("each test case of a report is counted", () => {
  expect(readTestReport(REPORT)).toEqual({
    tests: 5,
    failures: 2,
    failed: [
      { name: "a.test.ts › d & e › f", lines: ['expected "a"', "- 1", "+ 2"] },
      { name: "a.test.ts › d & e › h", lines: ["test timed out"] },
    ],
    skipped: 2,
    skippedNames: ["a.test.ts › left out", "a.test.ts › d & e › g"],
  });
});

test("the reason of a failure is shown up to a limit", () => {
  const long = REPORT.replace("+ 2", Array.from({ length: 100 }, () => "x".repeat(1_000)).join("&#10;"));
  const [{ lines }] = readTestReport(long)!.failed as [FailedTest];
  expect(lines).toHaveLength(25);
  expect(lines.every((line) => line.length <= 200)).toBe(true);
});

test("an incomplete report is not counted", () => {
  expect(readTestReport(REPORT.slice(0, REPORT.length / 2))).toBeNull();
  expect(readTestReport("")).toBeNull();
});

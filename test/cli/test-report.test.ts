import { expect, test } from "bun:test";
import { readTestReport } from "../../scripts/test-report.ts";

const REPORT = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="bun test" tests="4" failures="1" skipped="2">
  <testsuite name="a.test.ts" file="a.test.ts">
    <testcase name="a &quot;x&quot; &lt; b" classname="" time="0" file="a.test.ts" />
    <testcase name="left out" classname="" time="0" file="a.test.ts">
      <skipped />
    </testcase>
    <testsuite name="d &amp; e">
      <testcase name="f" classname="d &amp; e" time="0" file="a.test.ts">
        <failure type="AssertionError" message="expected">text</failure>
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
    tests: 4,
    failures: 1,
    failedNames: ["a.test.ts › d & e › f"],
    skipped: 2,
    skippedNames: ["a.test.ts › left out", "a.test.ts › d & e › g"],
  });
});

test("an incomplete report is not counted", () => {
  expect(readTestReport(REPORT.slice(0, REPORT.length / 2))).toBeNull();
  expect(readTestReport("")).toBeNull();
});

import { describe, expect, test } from "bun:test";
import { DOWNGRADE_CHARS_MAX } from "../../src/core/resources/payload-version.ts";
import { downgradedBy, downgradeProgram } from "../../src/targets/downgrade.ts";

describe("the place of a problem", () => {
  const programOf = (codes: readonly string[]) =>
    downgradeProgram(codes.map((downgrade, i) => ({ version: `v${i}`, downgrade })));

  /** Returns the text of a problem in the line that contains `text`. */
  function problemAt(program: ReturnType<typeof programOf>, text: string): string {
    const line = program.code.slice(0, program.code.indexOf(text)).split(/\r\n|[\n\r\u2028\u2029]/).length;
    const problem = { kind: "failed", cause: "exception", message: "wrong", line, column: 1, logs: [] } as const;
    const result = downgradedBy(problem, program, 1000);
    return result.kind === "problem" ? result.detail : result.kind;
  }

  test.each(["\n", "\r\n", "\r", "\u2028", "\u2029"])("lines that end with %j are counted in each downgrade", (end) => {
    const code = (name: string) => `// ${name}1${end}// ${name}2${end}${end}function downgrade() {} // ${name}4`;
    const program = programOf([code("a"), code("b")]);
    expect(["a1", "a2", "a4", "b1", "b4"].map((text) => problemAt(program, text))).toEqual([
      "version v0, line 1: wrong",
      "version v0, line 2: wrong",
      "version v0, line 4: wrong",
      "version v1, line 1: wrong",
      "version v1, line 4: wrong",
    ]);
  });

  test("a problem in none of the downgrades names all versions", () => {
    const program = programOf(["function downgrade() {}", "function downgrade() {}"]);
    expect(problemAt(program, "const handler")).toBe("versions v0, v1: wrong");
  });

  test("it is found in 200 downgrades that consist of empty lines", () => {
    const last = "function downgrade() {} // here";
    const empty = "\n".repeat(DOWNGRADE_CHARS_MAX - last.length);
    const program = programOf(Array.from({ length: 200 }, (_, i) => (i < 199 ? empty : empty + last)));
    expect(problemAt(program, "// here")).toBe(`version v199, line ${empty.length + 1}: wrong`);
  });
});

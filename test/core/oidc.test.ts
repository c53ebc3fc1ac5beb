import { describe, expect, test } from "bun:test";
import { type AdminRule, adminRuleText, isAdmin, isIssuerUrl, parseAdminRule } from "../../src/core/oidc.ts";

const rules = (...texts: readonly string[]): readonly AdminRule[] => texts.map((text) => parseAdminRule(text)!);

describe("the admins of a server", () => {
  test("an address, a domain or a group admits exactly the people that it names", () => {
    const cases = [
      ["ada@example.com", "Ada@EXAMPLE.com", [], true],
      ["ada@example.com", "ada@example.com.evil.example", [], false],
      ["ada@example.com", "xada@example.com", [], false],
      ["*@example.com", "anyone@Example.com", [], true],
      ["*@example.com", "anyone@sub.example.com", [], false],
      ["*@example.com", "anyone@evilexample.com", [], false],
      ["*@example.com", "anyone@example.com@evil.example", [], false],
      ["*@example.com", "", [], false],
      ["group:ops", "anyone@x", ["dev", "ops"], true],
      ["group:ops", "anyone@x", ["OPS", "ops2"], false],
      ["group:*", "anyone@x", ["ops"], false],
      ["group:ada@example.com", "ada@example.com", [], false],
    ] as const;
    for (const [rule, email, groups, expected] of cases) {
      expect([rule, email, groups, isAdmin({ email, groups }, rules(rule))]).toEqual([rule, email, groups, expected]);
    }
    expect(isAdmin({ email: "ada@example.com", groups: ["ops"] }, [])).toBe(false);
  });

  test("the text of a rule parses to the same rule", () => {
    for (const rule of rules("ada@example.com", "*@example.com", "group:ops team")) {
      expect(parseAdminRule(adminRuleText(rule))).toEqual(rule);
    }
  });

  test("a provider needs HTTPS, except on this machine", () => {
    for (const url of ["https://id.example", "http://localhost:1/a", "http://127.1.2.3", "http://[::1]:9"]) {
      expect([url, isIssuerUrl(url)]).toEqual([url, true]);
    }
    for (const url of [
      "http://id.example",
      "http://localhost.evil.example",
      "http://127.0.0.1.evil.example",
      "https://a@b",
    ]) {
      expect([url, isIssuerUrl(url)]).toEqual([url, false]);
    }
  });
});

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { checkConfig, configFieldsOf, maskedConfig, patchedConfig, replacedConfig } from "../../src/receive/config.ts";
import { findProvider, providers } from "../../src/receive/providers/index.ts";

/** Returns the places of the errors, each with the beginning of its message. */
function problems(id: string, config: Record<string, unknown>, verification: "enforce" | "record" | "off" = "enforce") {
  return checkConfig(findProvider(id)!, config, verification).map(({ loc, msg }) => `${loc.join(".")}: ${msg}`);
}

describe("checkConfig()", () => {
  test("a required secret is missing unless the verification is off", () => {
    const required = ["body.config.secret: Required: Signing secret of the endpoint (whsec_…)."];
    expect(problems("stripe", {})).toEqual(required);
    expect(problems("stripe", { secret: "" })).toEqual(required);
    expect(problems("stripe", { secret: null }, "record")).toEqual(required);
    expect(problems("stripe", {}, "off")).toEqual([]);
    expect(problems("stripe", { secrets: ["a"] })).toEqual([]);
  });

  test.each(["github", "docusign", "easypost", "segment", "asana", "notion"])(
    "the secret of %s may be missing",
    (id) => {
      expect(problems(id, {})).toEqual([]);
    },
  );

  const RIGHT: readonly [string, Record<string, unknown>][] = [
    ["stripe", { secret: "anything", unknown: 1, url: "https://example.com/hooks" }],
    ["stripe", { secret: "a", toleranceSeconds: 0 }],
    ["squarespace", { secret: "0aFF" }],
    ["airtable", { secret: "c2VjcmV0" }],
    ["standard-webhooks", { secret: "whsec_c2VjcmV0c2VjcmV0" }],
    ["standard-webhooks", { secret: "c2VjcmV0c2VjcmV0" }],
    ["standard-webhooks", { secret: "whpk_stQCfQE0Gxzzidz/QY9HTccITQqfKbemrn1tEAsJDYs=" }],
    ["supabase-auth-hooks", { secret: "v1,whsec_c2VjcmV0c2VjcmV0" }],
    ["chargebee", { secret: "user:pass:word" }],
    ["supabase-database", { secret: "a", header: "X-My-Secret" }],
    ["generic-hmac", { secret: "a", header: "X-Sig", algorithm: "HMAC-SHA256", encoding: "Base64" }],
    ["generic-hmac", { secret: "0aff", secretEncoding: "hex", header: "X-Sig" }],
    ["generic-hmac", { secret: "a", header: "X-Sig", signedString: "{ts}.{body}", timestampHeader: "X-Time" }],
    ["alertmanager", { secret: "token", scheme: "bearer" }],
    ["stripe", { secrets: Array.from({ length: 10 }, (_, index) => `s${index}`) }],
  ];
  test.each(RIGHT)("%s takes the configuration %j", (id, config) => {
    expect(problems(id, config)).toEqual([]);
  });

  const WRONG: readonly [string, Record<string, unknown>, string][] = [
    ["stripe", { secret: 1 }, "secret: Must be a string."],
    ["stripe", { secret: ["a"] }, "secret: Must be a string."],
    ["stripe", { secret: "[set]" }, "secret: No value is stored"],
    ["stripe", { secret: "x".repeat(20_000) }, "secret: Must have at most"],
    ["stripe", { secret: "\ud800" }, "secret: Must not contain half"],
    ["stripe", { secret: "a", secrets: "b" }, "secrets: Must be a list of 1 to 10"],
    ["stripe", { secret: "a", secrets: [] }, "secrets: Must be a list of 1 to 10"],
    ["stripe", { secret: "a", secrets: Array(11).fill("b") }, "secrets: Must be a list of 1 to 10"],
    ["stripe", { secret: "a", secrets: ["b", ""] }, "secrets.1: Must not be empty."],
    ["stripe", { secret: "a", secrets: ["b", 3] }, "secrets.1: Must be a string."],
    ["stripe", { secret: "a", toleranceSeconds: -1 }, "toleranceSeconds: Must be a whole number"],
    ["stripe", { secret: "a", toleranceSeconds: "60" }, "toleranceSeconds: Must be a whole number"],
    ["stripe", { secret: "a", toleranceSeconds: 1.5 }, "toleranceSeconds: Must be a whole number"],
    ["stripe", { secret: "a", url: "example.com" }, "url: Must be an http or https URL."],
    ["stripe", { secret: "a", url: "javascript:alert(1)" }, "url: Must be an http or https URL."],
    ["squarespace", { secret: "xyz" }, "secret: Must be hexadecimal digits"],
    ["squarespace", { secret: "abc" }, "secret: Must be hexadecimal digits"],
    ["airtable", { secret: "not base64!" }, "secret: Must be base64"],
    ["standard-webhooks", { secret: "whsec_%%%" }, "secret: Must be base64, usually after `whsec_`"],
    ["standard-webhooks", { secret: "whsec_" }, "secret: Must be base64, usually after `whsec_`"],
    ["standard-webhooks", { secret: "whpk_c2hvcnQ=" }, "secret: Must be base64, usually after `whsec_`"],
    ["chargebee", { secret: "no-colon" }, "secret: Must be a user name and a password"],
    ["gitlab", { secret: "a\nb" }, "secret: Must be a value that fits in a header"],
    ["supabase-database", { secret: "a" }, "header: Required"],
    ["supabase-database", { secret: "a", header: "X Secret" }, "header: Must be the name of a header"],
    ["generic-hmac", { secret: "a" }, "header: Required"],
    ["generic-hmac", { secret: "a", header: "X", algorithm: "md5" }, "algorithm: Must be `sha1`"],
    ["generic-hmac", { secret: "a", header: "X", encoding: "binary" }, "encoding: Must be `hex`"],
    ["generic-hmac", { secret: "a", header: "X", secretEncoding: "utf16" }, "secretEncoding: Must be `utf8`"],
    ["generic-hmac", { secret: "xyz", header: "X", secretEncoding: "hex" }, "secret: Must be hexadecimal digits"],
    [
      "generic-hmac",
      { secret: "a", header: "X", signedString: "{timestamp}.{body}" },
      "signedString: Must be a string",
    ],
    ["generic-hmac", { secret: "a", header: "X", signedString: "{ts}.{body}" }, "timestampHeader: Required"],
    ["standard-webhooks", { secret: "hello" }, "secret: Must be base64, usually after `whsec_`"],
    ["alertmanager", { secret: "token", scheme: "basic" }, "secret: Must be a user name and a password"],
    ["alertmanager", { secret: "a", scheme: "digest" }, "scheme: Must be `basic` or `bearer`."],
  ];
  test.each(WRONG)("%s refuses the configuration %j", (id, config, problem) => {
    const found = problems(id, config);
    expect(found).toHaveLength(1);
    expect(found[0]).toStartWith(`body.config.${problem}`);
  });

  test("any configuration gives findings and never an error", () => {
    const names = ["secret", "secrets", "header", "toleranceSeconds", "url", "publicKey", "jwk", "jwks", "certificate"];
    const config = fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.string()), fc.jsonValue());
    fc.assert(
      fc.property(fc.constantFrom(...providers), config, (provider, value) => {
        for (const { loc } of checkConfig(provider, value, "enforce"))
          expect(loc.slice(0, 2)).toEqual(["body", "config"]);
      }),
    );
  });
});

describe("configFieldsOf()", () => {
  const names = (id: string) => configFieldsOf(findProvider(id)!).map(({ name }) => name);

  test("every type has a url, types with a secret take several, and types with a clock have a tolerance", () => {
    expect(names("stripe")).toEqual(["secret", "secrets", "toleranceSeconds", "url"]);
    expect(names("shopify")).toEqual(["secret", "secrets", "url"]);
    expect(names("generic-webhook")).toEqual(["url"]);
    expect(names("linear")).toContain("toleranceSeconds");
    expect(names("standard-webhooks")).toContain("toleranceSeconds");
  });
});

describe("a configuration that was shown and sent back", () => {
  const box = findProvider("box")!;
  const stored = { secret: "s", secrets: ["a", "b"], secondaryKey: "k", toleranceSeconds: 60 };
  const shown = { secret: "[set]", secrets: ["[set]", "[set]"], secondaryKey: "[set]", toleranceSeconds: 60 };

  test("secrets are masked", () => {
    expect(maskedConfig(box, stored)).toEqual(shown);
  });

  test("masked values keep what is stored", () => {
    expect(replacedConfig(stored, shown)).toEqual(stored);
    expect(patchedConfig(stored, shown)).toEqual(stored);
  });

  test("a PUT drops the fields that were not sent, and a PATCH keeps them", () => {
    expect(replacedConfig(stored, { secret: "new" })).toEqual({ secret: "new" });
    expect(patchedConfig(stored, { secret: "new" })).toEqual({ ...stored, secret: "new" });
  });

  test("null removes a field", () => {
    expect(patchedConfig(stored, { secret: null })).toEqual({
      secrets: ["a", "b"],
      secondaryKey: "k",
      toleranceSeconds: 60,
    });
    expect(replacedConfig(stored, { secret: null })).toEqual({});
  });

  test("a new secret can be put in front of masked ones", () => {
    expect(replacedConfig(stored, { secrets: ["new", "[set]", "[set]"] })).toEqual({ secrets: ["new", "a", "b"] });
    expect(replacedConfig(stored, { secrets: ["new", "[set]"] })).toEqual({ secrets: ["new", "b"] });
  });

  test("a mask without a stored value is an error", () => {
    const config = replacedConfig({}, { secret: "a", secrets: ["[set]"] });
    expect(checkConfig(box, config, "enforce").map(({ loc }) => loc.join("."))).toEqual(["body.config.secrets.0"]);
  });

  test("no secret of a vector is shown", () => {
    for (const provider of providers) {
      const config = Object.fromEntries(configFieldsOf(provider).map(({ name }) => [name, `value of ${name}`]));
      const shownText = JSON.stringify(maskedConfig(provider, config));
      for (const { name, isSecret } of configFieldsOf(provider)) {
        expect(shownText.includes(`value of ${name}"`)).toBe(!isSecret);
      }
    }
  });
});

test("a source that takes from a queue needs its URL, even if nothing is verified", () => {
  for (const id of ["amqp", "kafka", "nats", "sqs"]) {
    const findings = checkConfig(findProvider(id)!, { prefetch: 5 }, "off");
    expect(findings.map(({ loc }) => loc)).toEqual([["body", "config", "url"]]);
  }
});

import { expect, test } from "bun:test";
import { MaskedSecrets } from "../../src/targets/masked-secrets.ts";

const KEY = '-----BEGIN KEY-----\nMIIE"x\\y\n-----END KEY-----\n';
const masked = new MaskedSecrets({ KEY, TOKEN: "s3cret-value", SHORT: "abc" });

test.each([
  ["as it is", KEY],
  ["without the line break at its end", KEY.trim()],
  ["in one line", KEY.replaceAll("\n", " ")],
  ["as JSON", JSON.stringify({ KEY })],
  ["as JSON within JSON", JSON.stringify(JSON.stringify([KEY]))],
  ["between other texts", `a${KEY}b`],
])("a secret with several lines is masked %s", (_, text) => {
  expect(masked.in(text)).toContain("[secret KEY]");
  expect(masked.in(text)).not.toContain("MIIE");
});

test("the begin of a secret at the end of a text that was cut is masked", () => {
  expect(masked.inCut("Error: s3cret-va…")).toBe("Error: [secret TOKEN]…");
  expect(masked.inCut("Error: -----BEGIN KEY----- MIIE")).toBe("Error: [secret KEY]");
  expect(masked.inCut("Error: s3cre…")).toBe("Error: s3cre…");
  expect(masked.inCut("Error: s3cret-value!")).toBe("Error: [secret TOKEN]!");
});

test("a short secret is not masked, and other texts stay as they are", () => {
  expect(masked.in("abc s3cret-valu MIIE")).toBe("abc s3cret-valu MIIE");
});

test("a secret of which only the beginning would be kept is masked before the text is cut", () => {
  expect(Buffer.from(masked.bytes("12345 s3cret-value", 12)).toString()).toBe("12345 [secre");
});

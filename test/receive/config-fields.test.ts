import { expect, test } from "bun:test";
import { configFieldsOf } from "../../src/receive/config.ts";
import { findProvider } from "../../src/receive/providers/index.ts";
import { vectors } from "./vectors.ts";

test("every field of the configuration that a published request needs is a field of its provider", () => {
  const missing = new Set<string>();
  for (const { provider: id, options = {}, secrets } of vectors) {
    const provider = findProvider(id);
    if (provider === null) continue;
    const known = new Set(configFieldsOf(provider).map(({ name }) => name));
    for (const name of [...Object.keys(options), ...(secrets === undefined ? [] : ["secrets"])]) {
      // The URL of a certificate stands in the request, and `basic` is the only scheme of these providers.
      if (!known.has(name) && name !== "certificateUrl" && options[name] !== "basic") missing.add(`${id}: ${name}`);
    }
  }
  expect([...missing]).toEqual([]);
});

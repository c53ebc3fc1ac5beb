import { describe, expect, test } from "bun:test";
import { findProvider } from "../../src/receive/providers/index.ts";
import { receiverFor, requestOf, vectors } from "./vectors.ts";

describe("the vectors of the providers", () => {
  for (const [index, vector] of vectors.entries()) {
    if (vector.expect === "handshake" || findProvider(vector.provider) === null) continue;
    test(`${vector.provider} (${index}): a request is ${vector.expect}: ${vector.description}`, () => {
      const result = receiverFor(vector).check(requestOf(vector), vector.now);
      if (vector.expect === "valid") expect(result).toEqual({ kind: "passed" });
      else expect(result).toEqual({ kind: "failed", cause: vector.reason! });
    });
  }
});

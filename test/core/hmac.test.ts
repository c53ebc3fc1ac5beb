import { describe, expect, test } from "bun:test";
import { createHmac, createSecretKey } from "node:crypto";
import { beginHmac, type HmacAlgorithm } from "../../src/core/hmac.ts";

const ALGORITHMS: readonly HmacAlgorithm[] = ["sha1", "sha256", "sha384", "sha512"];
/** Lengths around the block sizes of the hashes, 64 and 128 bytes. */
const KEY_BYTES = [0, 1, 24, 63, 64, 65, 127, 128, 129, 300];

describe("HMAC", () => {
  for (const algorithm of ALGORITHMS) {
    test(`an HMAC with ${algorithm} equals that of node:crypto for keys of all lengths`, () => {
      for (const length of KEY_BYTES) {
        const key = createSecretKey(Buffer.alloc(length, 7));
        for (const text of ["", "a", "é".repeat(200)]) {
          const bytes = Buffer.alloc(text.length, 0xff);
          const expected = createHmac(algorithm, key).update(text).update(bytes).digest("base64");
          expect(beginHmac(algorithm, key).update(text).update(bytes).digest("base64")).toBe(expected);
        }
      }
    });
  }

  test("HMACs with the same key that are computed at the same time do not affect each other", () => {
    const key = createSecretKey(Buffer.from("key"));
    const first = beginHmac("sha256", key).update("a");
    const second = beginHmac("sha256", key).update("b");
    const digests = [first.update("c"), second.update("d")].map((hmac) => hmac.digest("hex"));
    expect(digests).toEqual(["ac", "bd"].map((text) => createHmac("sha256", key).update(text).digest("hex")));
  });
});

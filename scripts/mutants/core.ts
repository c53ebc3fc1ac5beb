import type { Mutant } from "./mutant.ts";

/** Faults in the pure rules of `src/core`. */
export const coreMutants: readonly Mutant[] = [
  {
    name: "retry-earlier-than-scheduled",
    file: "src/core/retry.ts",
    find: "(1 + policy.jitter * random01)",
    replace: "(1 - policy.jitter * random01)",
    test: "bun test test/core/retry.test.ts",
  },
  {
    name: "retry-after-ignored",
    file: "src/core/retry.ts",
    find: "return Math.max(waitMs, Math.min(retryAfterMs ?? 0, retryAfterMsMax));",
    replace: "return waitMs;",
    test: "bun test test/core/retry.test.ts",
  },
  {
    name: "redirect-is-a-success",
    file: "src/core/outcome.ts",
    find: "return status >= 200 && status < 300;",
    replace: "return status >= 200 && status < 400;",
    test: "bun test test/core/outcome.test.ts",
  },
  {
    name: "signature-without-timestamp",
    file: "src/core/signature.ts",
    find: "const head = ",
    replace: "timestampSeconds = 0;\n  const head = ",
    test: "bun test test/core/signature.test.ts",
  },
  {
    name: "mapped-address-not-checked-as-ipv4",
    file: "src/core/address.ts",
    find: "return v6.isIPv4MappedAddress() ? v6.toIPv4Address() : v6;",
    replace: "return v6;",
    test: "bun test test/core/address.test.ts",
  },
  {
    name: "special-ipv6-ranges-are-public",
    file: "src/core/address.ts",
    find: "isInAny(address, globalV6) && !isInAny(address, refusedV6)",
    replace: "isInAny(address, globalV6)",
    test: "bun test test/core/address.test.ts",
  },
  {
    name: "scope-action-not-checked",
    file: "src/core/scope.ts",
    find: "(scope.action === ANY || scope.action === action)",
    replace: "scope.action !== null",
    test: "bun test test/core/scope.test.ts",
  },
  {
    name: "id-with-another-prefix-decoded",
    file: "src/core/id.ts",
    find: "decode(prefix: IdPrefix, text: string): Seq | null {",
    replace:
      'decode(prefix: IdPrefix, text: string): Seq | null {\n    text = prefix + text.slice(text.indexOf("_") + 1);',
    test: "bun test test/core/id.test.ts",
  },
  {
    name: "id-of-another-installation-decoded",
    file: "src/core/id.ts",
    find: "return this.#derive(prefix, seq) === text ? seq : null;",
    replace: "return seq;",
    test: "bun test test/core/id.test.ts",
  },
  {
    name: "body-cut-inside-a-character",
    file: "src/core/text.ts",
    find: "return bytes.subarray(0, bytesMax - end < 4 ? end : bytesMax);",
    replace: "return bytes.subarray(0, bytesMax);",
    test: "bun test test/core/text.test.ts",
  },
  {
    name: "end-of-chunk-not-checked",
    file: "src/core/http-response/response-parser.ts",
    find: "if (lines.length > 0 && !isCarriageReturn) return this.#stopInChunks();",
    replace: "if (lines.length > 1 && isCarriageReturn) return this.#stopInChunks();",
    test: "bun test test/core/http-response/response-parser.test.ts",
  },
  {
    name: "connection-kept-after-ambiguous-length",
    file: "src/core/http-response/framing.ts",
    find: "if (contentLength !== null && transferEncoding !== null) return false;",
    replace: "",
    test: "bun test test/core/http-response/response-parser.test.ts",
  },
  {
    name: "message-without-channels-goes-to-channels",
    file: "src/core/event.ts",
    find: "wanted.has(channel)) ?? false;",
    replace: "wanted.has(channel)) ?? true;",
    test: "bun test test/core/event.test.ts",
  },
];

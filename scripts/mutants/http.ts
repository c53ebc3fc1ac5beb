import type { Mutant } from "./mutant.ts";

/** Faults in the HTTP target and in the HTTP client. */
export const httpMutants: readonly Mutant[] = [
  {
    name: "resolved-address-not-checked",
    file: "src/targets/destination.ts",
    find: "filter((address) => addressAllowed(address, allowSubnets))",
    replace: "filter((address) => addressAllowed(address, allowSubnets) || address !== null)",
    test: "bun test test/targets/http.test.ts",
  },
  {
    name: "literal-address-not-checked",
    file: "src/targets/destination.ts",
    find: "return addressAllowed(address, allowSubnets) ? { url, addresses: [address], isLocal: false } : blocked(address);",
    replace: "return { url, addresses: [address], isLocal: false };",
    test: "bun test test/targets/http.test.ts",
  },
  {
    name: "failure-of-a-kept-connection-not-retried",
    file: "src/edge/http-client/exchange.ts",
    find: "if (!this.#isReused || this.#isRepeated) return false;",
    replace: "if (!this.#isReused || !this.#isRepeated) return false;",
    test: "bun test test/edge/http-client/keep-alive.test.ts",
  },
  {
    name: "request-sent-twice-over-a-new-connection",
    file: "src/edge/http-client/exchange.ts",
    find: "if (!this.#isReused || this.#isRepeated) return false;",
    replace: "if (this.#isRepeated) return false;",
    test: "bun test test/edge/http-client/response.test.ts test/edge/http-client/keep-alive.test.ts",
  },
  {
    name: "status-of-a-truncated-response-lost",
    file: "src/edge/http-client/exchange.ts",
    find: "parser.isCutOff && parser.status === null",
    replace: "parser.isCutOff",
    test: "bun test test/edge/http-client/client.test.ts",
  },
  {
    name: "header-value-with-a-line-break-sent",
    file: "src/edge/http-client/request-head.ts",
    find: "/[^\\t\\x20-\\x7e\\x80-\\xff]/",
    replace: "/[^\\t\\r\\n\\x20-\\x7e\\x80-\\xff]/",
    test: "bun test test/edge/http-client/request.test.ts",
  },
  {
    name: "certificate-not-verified",
    file: "src/edge/http-client/connection.ts",
    find: "rejectUnauthorized: true",
    replace: "rejectUnauthorized: false",
    test: "bun test test/edge/http-client/tls.test.ts",
  },
  {
    name: "connection-shared-between-host-names",
    file: "src/edge/http-client/target.ts",
    find: "return { address, port, tls, proxy: isLocal ? null : this.proxy, key };",
    replace: "return { address, port, tls, proxy: isLocal ? null : this.proxy, key: url.protocol + address + port };",
    test: "bun test test/edge/http-client/tls.test.ts test/edge/http-client/keep-alive.test.ts",
  },
  {
    name: "aborted-request-keeps-its-connection",
    file: "src/edge/http-client/exchange.ts",
    find: "this.#connection?.abort();\n    this.#finish(timeout);",
    replace: "this.#finish(timeout);",
    test: "bun test test/edge/http-client/abort.test.ts",
  },
];

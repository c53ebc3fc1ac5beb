import { expect, test } from "bun:test";
import type { HostFetch } from "../../src/sandbox/sandbox.ts";
import { FunctionFetcher } from "../../src/targets/function-fetch.ts";

const GOOD = { url: "https://example.com/", method: "GET", headers: {}, body: null };
const FORGED: Readonly<Record<string, object>> = {
  "a body that claims to be long": { body: { length: 2_000_000_000 } },
  "a body that is a number": { body: 5 },
  "a URL in a list": { url: ["https://example.com/"] },
  "no headers": { headers: null },
  "a header that is a number": { headers: { a: 5 } },
};

for (const [what, change] of Object.entries(FORGED)) {
  test(`a request of a function with ${what} is refused before anything is sent`, async () => {
    const fetcher = new FunctionFetcher({} as never);
    const wanted = { ...GOOD, ...change } as HostFetch;
    const result = await fetcher.request(1, wanted, 1000, new AbortController().signal);
    expect(result).toEqual({
      problem: expect.stringMatching(/must be (?:strings|an object whose values are strings)\.$/),
    });
  });
}

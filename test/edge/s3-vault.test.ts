import { afterAll, beforeAll, expect, test } from "bun:test";
import { S3Vault } from "../../src/edge/s3-vault.ts";

/** Tests what a bucket that gives false responses does to a replica. */

let pages: string[] = [];
let server: Bun.Server<undefined>;
let vault: S3Vault;
beforeAll(() => {
  server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: () =>
      new Response(`<?xml version="1.0" encoding="UTF-8"?>${pages.length > 1 ? pages.shift() : pages[0]}`, {
        headers: { "content-type": "application/xml" },
      }),
  });
  const access = { endpoint: `http://127.0.0.1:${server.port}`, accessKeyId: "id", secretAccessKey: "secret" };
  vault = new S3Vault("s3://copies/prefix", new Bun.S3Client({ bucket: "copies", ...access }), "prefix/");
});
afterAll(() => server.stop(true));

/** One page of a list. `next` is the token of the following one; empty for a page that does not name it. */
function page(names: readonly string[], next: string | null): string {
  const contents = names.map((name) => `<Contents><Key>${name}</Key><Size>1</Size></Contents>`).join("");
  const token = next === null || next === "" ? "" : `<NextContinuationToken>${next}</NextContinuationToken>`;
  return `<ListBucketResult><Name>copies</Name><IsTruncated>${next !== null}</IsTruncated>${token}${contents}</ListBucketResult>`;
}

test("the pages of a list are joined, without the prefix of the replica", async () => {
  pages = [page(["prefix/a2", "prefix/a3"], "one"), page([], "two"), page(["prefix/a1"], null)];
  expect(await vault.list("a")).toEqual(["a1", "a2", "a3"]);
});

const FALSE_LISTS: Readonly<Record<string, readonly string[]>> = {
  "does not name its next page": [page(["prefix/a"], "")],
  "repeats a page without end": [page(["prefix/a"], "same")],
  "repeats two pages without end": [page(["prefix/a"], "one"), page([], "two"), page(["prefix/b"], "one")],
  "has names of others": [page(["prefix/a", "prefixed/b"], null)],
  "has names that were not asked for": [page(["prefix/a", "prefix/../a"], null)],
  "is an error with status 200": ["<Error><Code>InternalError</Code><Message>Try again.</Message></Error>"],
  "ends too early": [page(["prefix/a"], null).slice(0, -25)],
};
for (const [what, given] of Object.entries(FALSE_LISTS)) {
  test(`a list that ${what} is an error and not a shorter list`, async () => {
    pages = [...given];
    await expect(vault.list("a")).rejects.toThrow();
  });
}

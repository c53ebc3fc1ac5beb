import { describe, expect, test } from "bun:test";
import { awsSignature } from "../../src/core/aws-signature.ts";

/** Keys, time and scope of the test suite that AWS has published for Signature Version 4. */
const CREDENTIALS = {
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
  sessionToken: null,
};
const AT = Date.UTC(2015, 7, 30, 12, 36);
const SUITE = { region: "us-east-1", service: "service", credentials: CREDENTIALS, at: AT };

interface Case {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: ReadonlyArray<readonly [string, string]>;
  readonly body?: string;
  readonly names?: string;
  readonly signature: string;
}

/** Cases of the suite, by their names there. */
const CASES: Readonly<Record<string, Case>> = {
  "get-vanilla": { signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31" },
  "post-vanilla": {
    method: "POST",
    signature: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
  },
  "get-vanilla-query-order-key-case": {
    path: "/?Param2=value2&Param1=value1",
    signature: "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
  },
  "get-vanilla-empty-query-key": {
    path: "/?Param1=value1",
    signature: "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb",
  },
  "post-header-key-sort": {
    method: "POST",
    headers: [["My-Header1", "value1"]],
    names: "host;my-header1;x-amz-date",
    signature: "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
  },
  "post-x-www-form-urlencoded": {
    method: "POST",
    headers: [["Content-Type", "application/x-www-form-urlencoded"]],
    body: "Param1=value1",
    names: "content-type;host;x-amz-date",
    signature: "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
  },
};

function signed({ method = "GET", path = "/", headers = [], body = "" }: Partial<Case>, scope = SUITE) {
  const url = new URL(`https://example.amazonaws.com${path}`);
  return Object.fromEntries(awsSignature({ method, url, headers, body: Buffer.from(body) }, scope));
}

describe("the signature of requests to AWS", () => {
  for (const [name, one] of Object.entries(CASES)) {
    test(`a request has the signature of the case ${name} in the suite of AWS`, () => {
      expect(signed(one)).toEqual({
        "X-Amz-Date": "20150830T123600Z",
        Authorization: `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=${one.names ?? "host;x-amz-date"}, Signature=${one.signature}`,
      });
    });
  }

  test("the signature covers the session token of temporary keys, which has a header of its own", () => {
    const credentials = { ...CREDENTIALS, sessionToken: "token" };
    const headers = signed({}, { ...SUITE, credentials } as unknown as typeof SUITE);
    expect(headers["X-Amz-Security-Token"]).toBe("token");
    expect(headers.Authorization).toContain("SignedHeaders=host;x-amz-date;x-amz-security-token,");
    expect(headers.Authorization).not.toContain(CASES["get-vanilla"]!.signature);
  });

  test("the signature encodes the escapes of a path once more, as all services but S3 require", () => {
    const plain = signed({ path: "/2015-03-31/functions/a" });
    const escaped = signed({ path: "/2015-03-31/functions/%61" });
    expect(escaped.Authorization).not.toBe(plain.Authorization);
  });
});

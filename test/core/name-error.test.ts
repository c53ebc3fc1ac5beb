import { expect, test } from "bun:test";
import { isRefusal, isSilence, isUnreached, lookupResultOf } from "../../src/core/name-error.ts";

const absent = ["DNS_ENOTFOUND", "ENOTFOUND", "DNS_ENODATA", "DNS_EBADNAME", "DNS_EAI_NONAME", "EAI_NODATA"];
const unanswered = ["DNS_ETIMEOUT", "DNS_ESERVFAIL", "DNS_EAI_AGAIN", "DNS_EBADRESP", "DNS_ENOMEM", "EMFILE", ""];
const refused = ["DNS_ECONNREFUSED", "ECONNREFUSED", "DNS_EREFUSED"];

for (const code of absent) {
  test(`the code ${code} means that the name does not exist`, () =>
    expect(lookupResultOf(code)).toEqual({ kind: "absent" }));
}

for (const code of [...unanswered, ...refused]) {
  test(`the code "${code}" does not say whether the name exists`, () =>
    expect(lookupResultOf(code)).toEqual({ kind: "unanswered" }));
}

test("only codes of unreachable name servers and of refused queries count as refusals", () => {
  expect(refused.filter(isRefusal)).toEqual(refused);
  expect([...absent, ...unanswered].filter(isRefusal)).toEqual([]);
});

test("only a refused connection means that no packet reached a name server", () => {
  expect([...absent, ...unanswered, ...refused].filter(isUnreached)).toEqual(["DNS_ECONNREFUSED", "ECONNREFUSED"]);
});

test("only a timeout leaves open whether any name server responds", () => {
  expect([...absent, ...unanswered, ...refused].filter(isSilence)).toEqual(["DNS_ETIMEOUT", "DNS_EAI_AGAIN"]);
});

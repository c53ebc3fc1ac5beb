import { expect, test } from "bun:test";
import { findingOfError, isRefusal } from "../../src/core/name-error.ts";

const absent = ["DNS_ENOTFOUND", "ENOTFOUND", "DNS_ENODATA", "DNS_EBADNAME", "DNS_EAI_NONAME", "EAI_NODATA"];
const unanswered = ["DNS_ETIMEOUT", "DNS_ESERVFAIL", "DNS_EAI_AGAIN", "DNS_EBADRESP", "DNS_ENOMEM", "EMFILE", ""];
const refused = ["DNS_ECONNREFUSED", "ECONNREFUSED", "DNS_EREFUSED"];

for (const code of absent) {
  test(`${code} says that there is no such name`, () => expect(findingOfError(code)).toEqual({ kind: "absent" }));
}

for (const code of [...unanswered, ...refused]) {
  test(`"${code}" says nothing of the name`, () => expect(findingOfError(code)).toEqual({ kind: "unanswered" }));
}

test("only who could not be asked, or will not be, has refused", () => {
  expect(refused.filter(isRefusal)).toEqual(refused);
  expect([...absent, ...unanswered].filter(isRefusal)).toEqual([]);
});

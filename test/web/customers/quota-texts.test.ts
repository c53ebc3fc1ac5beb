import { expect, test } from "bun:test";
import { NO_QUOTA, quotaOf, quotaTextsOf } from "../../../web/admin/customers/quota-texts.ts";

test("a quota and its texts are converted into each other without a change", () => {
  for (const storedBytes of [0, 1, 1023, 1024, 1536, 10 * 2 ** 30, 2 ** 40 + 2 ** 20, 2 ** 50]) {
    const quota = { endpoints: 0, messagesPerDay: 10_000, storedBytes };
    expect(quotaOf(quotaTextsOf(quota))).toEqual(quota);
  }
  const one = { endpoints: null, messagesPerDay: null, storedBytes: 5 };
  expect(quotaOf(quotaTextsOf(one))).toEqual(one);
  expect(quotaTextsOf(null)).toEqual(NO_QUOTA);
  expect(quotaOf(NO_QUOTA)).toBeNull();
});

test("a size may have a unit in any case, with or without a space, and a fraction", () => {
  const bytesOf = (storedBytes: string) => quotaOf({ ...NO_QUOTA, storedBytes })?.storedBytes;
  expect(bytesOf("10GiB")).toBe(10 * 2 ** 30);
  expect(bytesOf(" 1.5 mib ")).toBe(1_572_864);
  expect(bytesOf("1500")).toBe(1500);
  expect(quotaTextsOf({ endpoints: null, messagesPerDay: null, storedBytes: 10 * 2 ** 30 }).storedBytes).toBe("10 GiB");
});

test("what is no number is sent unchanged, so that the server refuses it", () => {
  const texts = { endpoints: "many", messagesPerDay: " 1.5 ", storedBytes: "10 GB" };
  expect(quotaOf(texts)).toEqual({ endpoints: "many", messagesPerDay: 1.5, storedBytes: "10 GB" });
});

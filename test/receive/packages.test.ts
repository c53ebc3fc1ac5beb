import { afterAll, describe, expect, setSystemTime, test } from "bun:test";
import { findProvider } from "../../src/receive/providers/index.ts";
import { type PackageCheck, packageRequest, packages } from "./packages.ts";
import { receiverFor, requestOf, type Vector, vectors } from "./vectors.ts";

/**
 * Runs the official package of a provider and our check on the same requests, so that a wrong row
 * of the table cannot agree with a vector that was made from the same row.
 */

type Checked = Vector & { readonly checkedBy?: { readonly verdict: "accepted" | "rejected" } };

afterAll(() => void setSystemTime());

async function verdictOf(check: PackageCheck, vector: Vector): Promise<"accepted" | "rejected"> {
  setSystemTime(new Date(vector.now * 1000));
  try {
    return (await check(packageRequest(vector))) === false ? "rejected" : "accepted";
  } catch {
    return "rejected";
  }
}

describe("the packages of the providers", () => {
  test("every package belongs to a provider of the table", () => {
    expect(Object.keys(packages).filter((id) => findProvider(id) === null)).toEqual([]);
  });

  for (const [id, check] of Object.entries(packages)) {
    const own = vectors.filter(({ provider }) => provider === id).filter(({ expect: kind }) => kind !== "handshake");

    test(`a valid and an invalid request of ${id} are among the vectors`, () => {
      expect([...new Set(own.map((vector) => vector.expect))].sort()).toEqual(["invalid", "valid"]);
    });

    for (const [index, vector] of own.entries()) {
      const { verdict } = (vector as Checked).checkedBy ?? {};
      if (verdict === undefined) continue;
      test(`the package of ${id} has ${verdict} request ${index}: ${vector.description}`, async () => {
        expect(await verdictOf(check, vector)).toBe(verdict);
        const { kind } = receiverFor(vector).check(requestOf(vector), vector.now);
        // Some packages do not check the time; we are stricter, never more lenient.
        if (verdict === "rejected" || vector.expect === "invalid") expect(kind).toBe("failed");
        else expect(kind).toBe("passed");
      });
    }
  }
});

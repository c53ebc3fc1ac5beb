import { describe, expect, test } from "bun:test";
import { type Capability, capabilities, grants, readOnly } from "../../src/core/capability.ts";

describe("capabilities", () => {
  const grantedAlone: Record<Capability, Capability[]> = {
    ViewBase: ["ViewBase"],
    ViewEndpointSecret: ["ViewBase", "ViewEndpointSecret"],
    ManageEndpointSecret: ["ViewBase", "ViewEndpointSecret", "ManageEndpointSecret"],
    ManageTransformations: ["ViewBase", "ManageTransformations"],
    CreateAttempts: ["ViewBase", "CreateAttempts"],
    ManageEndpoint: [
      "ViewBase",
      "ViewEndpointSecret",
      "ManageEndpointSecret",
      "ManageTransformations",
      "ManageEndpoint",
    ],
  };
  for (const held of capabilities) {
    test(`the capability ${held} grants ${grantedAlone[held].join(", ")} and nothing else`, () => {
      expect(capabilities.filter((needed) => grants([held], needed))).toEqual(grantedAlone[held]);
    });
  }

  test("an empty list of capabilities grants nothing, and null grants everything", () => {
    for (const needed of capabilities) {
      expect(grants([], needed)).toBe(false);
      expect(grants(null, needed)).toBe(true);
    }
  });

  test("the read-only part of a list of capabilities allows no changes and grants nothing that the list does not grant", () => {
    expect(readOnly(null)).toEqual(["ViewBase"]);
    expect(readOnly([...capabilities])).toEqual(["ViewBase", "ViewEndpointSecret"]);
    expect(readOnly(["ViewBase", "ManageEndpoint"])).toEqual(["ViewBase"]);
  });
});

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
    test(`${held} grants ${grantedAlone[held].join(", ")} and nothing else`, () => {
      expect(capabilities.filter((needed) => grants([held], needed))).toEqual(grantedAlone[held]);
    });
  }

  test("none at all grant nothing, all of them everything", () => {
    for (const needed of capabilities) {
      expect(grants([], needed)).toBe(false);
      expect(grants(null, needed)).toBe(true);
    }
  });

  test("that are read-only never grant a change, and never more than before", () => {
    expect(readOnly(null)).toEqual(["ViewBase"]);
    expect(readOnly([...capabilities])).toEqual(["ViewBase", "ViewEndpointSecret"]);
    expect(readOnly(["ViewBase", "ManageEndpoint"])).toEqual(["ViewBase"]);
  });
});

/**
 * What the token of one application may do, in the words of the Svix API: handed out with the access to the portal,
 * asked for by each operation.
 */
export const capabilities = [
  /** To see everything but secrets. */
  "ViewBase",
  "ViewEndpointSecret",
  /** To see and replace secrets. */
  "ManageEndpointSecret",
  "ManageTransformations",
  /** To send again what was sent before, or was missed. */
  "CreateAttempts",
  /** To change everything about endpoints, secrets included. */
  "ManageEndpoint",
] as const;

export type Capability = (typeof capabilities)[number];

/** What may stand in for a capability: who may change a secret may also see it. */
const grantedBy: Readonly<Record<Capability, readonly Capability[]>> = {
  ViewBase: capabilities,
  ViewEndpointSecret: ["ViewEndpointSecret", "ManageEndpointSecret", "ManageEndpoint"],
  ManageEndpointSecret: ["ManageEndpointSecret", "ManageEndpoint"],
  ManageTransformations: ["ManageTransformations", "ManageEndpoint"],
  CreateAttempts: ["CreateAttempts"],
  ManageEndpoint: ["ManageEndpoint"],
};

/** May a token with these capabilities do what needs `needed`? Null: it has all of them. */
export function grants(held: readonly Capability[] | null, needed: Capability): boolean {
  return held === null || held.some((capability) => grantedBy[needed].includes(capability));
}

/** What is left of capabilities that may change nothing; of all of them, what needs no trust. */
export function readOnly(held: readonly Capability[] | null): readonly Capability[] {
  return (held ?? ["ViewBase"]).filter((capability) => capability.startsWith("View"));
}

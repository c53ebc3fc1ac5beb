/**
 * Permissions of a token for one application, named as in the Svix API. Portal access grants them,
 * and each operation requires one.
 */
export const capabilities = [
  /** Read everything except secrets. */
  "ViewBase",
  "ViewEndpointSecret",
  /** Read and rotate secrets. */
  "ManageEndpointSecret",
  "ManageTransformations",
  /** Resend messages and recover missed messages. */
  "CreateAttempts",
  /** Change endpoints in every way, including their secrets. */
  "ManageEndpoint",
] as const;

export type Capability = (typeof capabilities)[number];

/**
 * For each capability, the other capabilities that include it. For example, the capability to
 * change a secret includes the capability to read it.
 */
const grantedBy: Readonly<Record<Capability, readonly Capability[]>> = {
  ViewBase: capabilities,
  ViewEndpointSecret: ["ViewEndpointSecret", "ManageEndpointSecret", "ManageEndpoint"],
  ManageEndpointSecret: ["ManageEndpointSecret", "ManageEndpoint"],
  ManageTransformations: ["ManageTransformations", "ManageEndpoint"],
  CreateAttempts: ["CreateAttempts"],
  ManageEndpoint: ["ManageEndpoint"],
};

/**
 * Returns whether the held capabilities include `needed`. `held` is null for a token with all
 * capabilities.
 */
export function grants(held: readonly Capability[] | null, needed: Capability): boolean {
  return held === null || held.some((capability) => grantedBy[needed].includes(capability));
}

/**
 * Returns the read-only part of the capabilities. For null (all capabilities) it is only
 * `ViewBase`, so that secrets stay hidden.
 */
export function readOnly(held: readonly Capability[] | null): readonly Capability[] {
  return (held ?? ["ViewBase"]).filter((capability) => capability.startsWith("View"));
}

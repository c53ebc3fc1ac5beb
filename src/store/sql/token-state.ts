import type { TokenState } from "../index.ts";

/** The conditions on a token that is in a state at the time `$at`. */
export const IN_STATE: Readonly<Record<TokenState, string>> = {
  active: "revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $at)",
  expired: "revoked_at IS NULL AND expires_at <= $at",
  revoked: "revoked_at IS NOT NULL",
};

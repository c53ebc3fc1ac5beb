/**
 * Logins of people at an identity provider (OpenID Connect). Every person who may log in has the
 * rights of the root token.
 */

/** An entry of the setting `oidc-admins`. */
export type AdminRule =
  | { readonly kind: "email"; readonly email: string }
  /** Every e-mail address of a domain. */
  | { readonly kind: "domain"; readonly domain: string }
  | { readonly kind: "group"; readonly group: string };

const GROUP_PREFIX = "group:";

/** Parses `ada@example.com`, `*@example.com` or `group:ops`. Returns null for any other text. */
export function parseAdminRule(text: string): AdminRule | null {
  if (text.startsWith(GROUP_PREFIX)) {
    const group = text.slice(GROUP_PREFIX.length).trim();
    return group === "" ? null : { kind: "group", group };
  }
  const [, name, domain] = /^([^@\s]+)@([^@\s*]+)$/.exec(text.toLowerCase()) ?? [];
  if (name === undefined || domain === undefined) return null;
  if (name === "*") return { kind: "domain", domain };
  return name.includes("*") ? null : { kind: "email", email: `${name}@${domain}` };
}

export function adminRuleText(rule: AdminRule): string {
  if (rule.kind === "group") return GROUP_PREFIX + rule.group;
  return rule.kind === "domain" ? `*@${rule.domain}` : rule.email;
}

/** Returns whether a rule names this person. The caller must have checked that the address is verified. */
export function isAdmin(
  { email, groups }: { readonly email: string; readonly groups: readonly string[] },
  rules: readonly AdminRule[],
): boolean {
  const address = email.toLowerCase();
  const domain = address.slice(address.lastIndexOf("@") + 1);
  return rules.some((rule) => {
    if (rule.kind === "group") return groups.includes(rule.group);
    return rule.kind === "domain" ? rule.domain === domain : rule.email === address;
  });
}

/** Why a login at the identity provider failed. Part of the address of the login page. */
export type LoginFailure =
  /** The person or the provider refused the login. */
  | "denied"
  /** The login took too long, or another one has replaced it. */
  | "expired"
  | "state_mismatch"
  | "not_admin"
  | "email_not_verified"
  /** The clocks of this server and the provider differ. */
  | "clock"
  | "provider_unavailable"
  | "failed";

/** Time within which a person must log in at the provider, in ms. */
export const loginTimeMaxMs = 10 * 60_000;
/** Age at which the session of a user ends, in ms. The provider does not report a person who has left. */
export const userSessionMs = 12 * 60 * 60_000;

/**
 * The values that connect the beginning of a login with its end. The provider gets `state`, `nonce` and
 * the hash of `verifier`.
 */
export interface LoginAttempt {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

/** A person who has logged in at the identity provider. */
export interface ProvenUser {
  readonly issuer: string;
  /** The provider's id of the person. */
  readonly id: string;
  /** Empty if the provider does not send one. */
  readonly name: string;
  /** Empty if the provider does not send one. */
  readonly email: string;
  readonly isEmailVerified: boolean;
  readonly groups: readonly string[];
}

export interface LoginFailed {
  readonly failure: LoginFailure;
}

/** The identity provider at which people log in. */
export interface IdentityProvider {
  readonly issuer: string;
  /**
   * Returns the address at which the browser begins a login. The provider is contacted on the first
   * call.
   */
  begin(redirectUri: string): Promise<{ readonly url: string; readonly attempt: LoginAttempt } | LoginFailed>;
  /** Completes a login. `callback` is the address to which the provider sent the browser. */
  finish(callback: string, attempt: LoginAttempt): Promise<{ readonly user: ProvenUser } | LoginFailed>;
}

/** Returns whether a URL can be that of an identity provider. Without HTTPS it must be on this machine. */
export function isIssuerUrl(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || url.username !== "" || url.password !== "" || /[?#]/.test(text)) return false;
  return url.protocol === "https:" || (url.protocol === "http:" && isLoopbackHost(url.hostname));
}

/** Returns whether the host name of a URL is that of this machine. */
export function isLoopbackHost(hostname: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
}

import type * as OpenIdClient from "openid-client";
import {
  type AdminRule,
  type IdentityProvider,
  isAdmin,
  type LoginAttempt,
  type LoginFailed,
  type LoginFailure,
  type ProvenUser,
} from "../core/oidc.ts";

/** Time limit of a request to the provider, in seconds. */
const TIMEOUT_SECONDS = 10;
/** Accepted difference between the clocks of this server and the provider, in seconds. */
const CLOCK_TOLERANCE_SECONDS = 60;
/** Time after a failed discovery in which no other one is tried, in ms. */
const PAUSE_MS = 2000;
const GROUPS_MAX = 1000;
const DETAIL_CHARS_MAX = 200;

export interface OidcOptions {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Whether the groups of people are needed. Some providers send them only on request. */
  readonly needsGroups: boolean;
  /** Called for every failure except `denied`. `detail` contains no secrets. */
  readonly onFailure: (failure: LoginFailure, detail: string) => void;
}

type Client = typeof OpenIdClient;
type Claims = Readonly<Record<string, unknown>>;

/** Logs people in with the authorization code flow and PKCE (OpenID Connect Core 1.0, RFC 7636). */
export class OidcProvider implements IdentityProvider {
  /** The provider's metadata. Read on first use, so that the server also starts without the provider. */
  #discovery: Promise<OpenIdClient.Configuration> | null = null;

  constructor(private readonly options: OidcOptions) {}

  get issuer(): string {
    return this.options.issuer;
  }

  async begin(redirectUri: string): Promise<{ url: string; attempt: LoginAttempt } | LoginFailed> {
    try {
      const [client, config] = [await library(), await this.#configuration()];
      const verifier = client.randomPKCECodeVerifier();
      const attempt = { verifier, state: client.randomState(), nonce: client.randomNonce() };
      const url = client.buildAuthorizationUrl(config, {
        redirect_uri: redirectUri,
        scope: this.#scope(config),
        state: attempt.state,
        nonce: attempt.nonce,
        code_challenge: await client.calculatePKCECodeChallenge(verifier),
        code_challenge_method: "S256",
      });
      return { url: url.href, attempt };
    } catch (error) {
      return this.#failed("provider_unavailable", error);
    }
  }

  async finish(callback: string, attempt: LoginAttempt): Promise<{ user: ProvenUser } | LoginFailed> {
    try {
      const [client, config] = [await library(), await this.#configuration()];
      const tokens = await client.authorizationCodeGrant(config, new URL(callback), {
        pkceCodeVerifier: attempt.verifier,
        expectedState: attempt.state,
        expectedNonce: attempt.nonce,
        idTokenExpected: true,
      });
      const claims = tokens.claims()!;
      const all = await this.#withUserInfo(client, config, claims, tokens.access_token);
      return { user: userOf(this.issuer, claims.sub, all) };
    } catch (error) {
      return this.#failed(failureOf(error), error);
    }
  }

  /** Adds the claims that the provider sends only with the user info. Those of the ID token prevail. */
  async #withUserInfo(
    client: Client,
    config: OpenIdClient.Configuration,
    claims: Claims & { readonly sub: string },
    accessToken: string,
  ): Promise<Claims> {
    const isComplete = claims.email !== undefined && (claims.groups !== undefined || !this.options.needsGroups);
    if (isComplete || config.serverMetadata().userinfo_endpoint === undefined) return claims;
    return { ...(await client.fetchUserInfo(config, accessToken, claims.sub)), ...claims };
  }

  #scope(config: OpenIdClient.Configuration): string {
    const supported = config.serverMetadata().scopes_supported;
    const asksForGroups = this.options.needsGroups && supported?.includes("groups");
    return `openid email profile${asksForGroups ? " groups" : ""}`;
  }

  #configuration(): Promise<OpenIdClient.Configuration> {
    if (this.#discovery === null) {
      const discovery = discover(this.options);
      this.#discovery = discovery;
      discovery.catch(() => {
        setTimeout(() => {
          if (this.#discovery === discovery) this.#discovery = null;
        }, PAUSE_MS).unref();
      });
    }
    return this.#discovery;
  }

  #failed(failure: LoginFailure, error: unknown): LoginFailed {
    if (failure !== "denied") this.options.onFailure(failure, detailOf(error));
    return { failure };
  }
}

interface LoginSettings {
  readonly oidcIssuer: string | null;
  readonly oidcClientId: string | null;
  readonly oidcClientSecret: string | null;
  readonly oidcAdmins: readonly AdminRule[];
}

/** Returns the logins at the identity provider of the settings, or null if there is none. */
export function oidcLogin(
  { oidcIssuer: issuer, oidcClientId: clientId, oidcClientSecret: clientSecret, oidcAdmins: rules }: LoginSettings,
  warn: (fields: object) => void,
) {
  if (issuer === null || clientId === null || clientSecret === null) return null;
  const provider = new OidcProvider({
    issuer,
    clientId,
    clientSecret,
    needsGroups: rules.some(({ kind }) => kind === "group"),
    onFailure: (reason, detail) => warn({ event: "login.failed", issuer, reason, detail }),
  });
  const admits = (user: Pick<ProvenUser, "issuer" | "email" | "groups">) =>
    user.issuer === issuer && isAdmin(user, rules);
  return { provider, admits };
}

/** The library is loaded on first use, because loading it takes as long as a tenth of the start. */
function library(): Promise<Client> {
  return import("openid-client");
}

async function discover({ issuer, clientId, clientSecret }: OidcOptions): Promise<OpenIdClient.Configuration> {
  const client = await library();
  const url = new URL(issuer);
  const insecure = url.protocol === "http:" ? [client.allowInsecureRequests] : [];
  const found = await client.discovery(url, clientId, undefined, client.None(), {
    execute: insecure,
    timeout: TIMEOUT_SECONDS,
  });
  const metadata = found.serverMetadata();
  // Basic is the default of the specification. Some providers accept only the other form.
  const isBasic = metadata.token_endpoint_auth_methods_supported?.includes("client_secret_basic") ?? true;
  const config = new client.Configuration(
    metadata,
    clientId,
    { [client.clockTolerance]: CLOCK_TOLERANCE_SECONDS },
    isBasic ? client.ClientSecretBasic(clientSecret) : client.ClientSecretPost(clientSecret),
  );
  config.timeout = TIMEOUT_SECONDS;
  // By default the library trusts the connection instead of the signatures of ID tokens.
  client.enableNonRepudiationChecks(config);
  for (const change of insecure) change(config);
  return config;
}

function userOf(issuer: string, id: string, { name, email, email_verified: verified, groups }: Claims): ProvenUser {
  const all = Array.isArray(groups) ? groups : [groups];
  return {
    issuer,
    id,
    name: typeof name === "string" ? name : "",
    email: typeof email === "string" ? email : "",
    // Some providers send the text.
    isEmailVerified: verified === true || verified === "true",
    groups: all.filter((group) => typeof group === "string").slice(0, GROUPS_MAX),
  };
}

/** The codes of errors of the library, with what they mean for the person. */
const FAILURES: Readonly<Record<string, LoginFailure>> = {
  OAUTH_JWT_TIMESTAMP_CHECK_FAILED: "clock",
  OAUTH_TIMEOUT: "provider_unavailable",
};

function failureOf(error: unknown): LoginFailure {
  const { code = "", name = "", error: named, cause } = error as ErrorLike;
  if (named === "access_denied") return "denied";
  // The code was used before or is too old.
  if (named === "invalid_grant") return "expired";
  if (name === "TimeoutError" || name === "TypeError" || isNetworkError(code)) return "provider_unavailable";
  if (FAILURES[code] !== undefined) return FAILURES[code];
  return typeof cause === "object" && cause !== null && cause !== error ? failureOf(cause) : "failed";
}

interface ErrorLike {
  readonly code?: string;
  readonly name?: string;
  readonly message?: string;
  /** The error that the provider has sent, such as `access_denied`. */
  readonly error?: string;
  readonly cause?: unknown;
}

function isNetworkError(code: unknown): boolean {
  return typeof code === "string" && /^(E[A-Z]+|ConnectionRefused|ConnectionClosed|FailedToOpenSocket)$/.test(code);
}

/** Describes an error without the tokens and codes that its other fields may contain. */
function detailOf(error: unknown): string {
  const { message = "", code, error: named, cause } = error as ErrorLike;
  const inner = (cause as ErrorLike | undefined)?.message;
  const parts = [message, code, named, inner].filter((part) => typeof part === "string" && part !== "");
  return [...new Set(parts)].join(": ").slice(0, DETAIL_CHARS_MAX);
}

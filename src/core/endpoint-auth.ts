/** How deliveries authenticate at an endpoint: the types, their fields, and which fields are secrets. */
import {
  clientRule,
  clientSecretRule,
  extraHeadersRule,
  extraParamsRule,
  passwordRule,
  type Rule,
  scopeRule,
  tokenRule,
  tokenUrlRule,
  userRule,
} from "./endpoint-auth-rules.ts";
import { certificatesProblem, isPrivateKey, keyProblem } from "./pem.ts";
import { choiceProblem } from "./rule.ts";

export interface BearerAuth {
  readonly type: "bearer";
  readonly token: string;
}

export interface BasicAuth {
  readonly type: "basic";
  readonly user: string;
  readonly password: string;
}

/** Client credentials for an OAuth 2.0 token endpoint (RFC 6749, 4.4). */
export interface OAuth2Auth {
  readonly type: "oauth2";
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scope?: string;
  /** How the client authenticates at the token endpoint. Default: `basic`. */
  readonly clientAuth?: ClientAuth;
  /** Further parameters of the request for a token, such as `audience`. */
  readonly extraParams?: Readonly<Record<string, string>>;
  readonly extraHeaders?: Readonly<Record<string, string>>;
  /** The `kid` of signed assertions. */
  readonly keyId?: string;
  /** Validity of signed assertions, in seconds. */
  readonly assertionSeconds?: number;
}

/** A client certificate. `certificate` may be a chain; `ca` replaces the public roots. All are PEM. */
export interface MtlsAuth {
  readonly type: "mtls";
  readonly certificate: string;
  readonly key: string;
  readonly ca?: string;
}

/**
 * With the last two, the client sends an assertion (RFC 7523, 2.2) that is signed with its secret:
 * with HS256, or with RS256 or ES256 if the secret is a private key in PEM.
 */
export const clientAuths = ["basic", "body", "clientSecretJwt", "privateKeyJwt"] as const;
export type ClientAuth = (typeof clientAuths)[number];

export type EndpointAuth = BearerAuth | BasicAuth | OAuth2Auth | MtlsAuth;
export type AuthType = EndpointAuth["type"];

/** The text that replaces secrets in responses. In requests it means the stored secret. */
export const setMark = "[set]";

interface FieldRule {
  readonly rule: Rule;
  readonly isSecret?: true;
  readonly isOptional?: true;
}

/** The fields of each type, without `type`. */
const FIELDS: Readonly<Record<AuthType, Readonly<Record<string, FieldRule>>>> = {
  bearer: { token: { rule: tokenRule, isSecret: true } },
  basic: { user: { rule: userRule }, password: { rule: passwordRule, isSecret: true } },
  oauth2: {
    tokenUrl: { rule: tokenUrlRule },
    clientId: { rule: clientRule },
    clientSecret: { rule: clientSecretRule, isSecret: true },
    scope: { rule: scopeRule, isOptional: true },
    clientAuth: { rule: (value) => choiceProblem(value as string, clientAuths), isOptional: true },
    extraParams: { rule: extraParamsRule, isOptional: true },
    extraHeaders: { rule: extraHeadersRule, isOptional: true },
    keyId: { rule: clientRule, isOptional: true },
    // The schema checks the limits.
    assertionSeconds: { rule: () => null, isOptional: true },
  },
  mtls: {
    certificate: { rule: certificatesProblem },
    // Checked together with the certificate.
    key: { rule: () => null, isSecret: true },
    ca: { rule: certificatesProblem, isOptional: true },
  },
};

const allNames: ReadonlySet<string> = new Set(Object.values(FIELDS).flatMap((fields) => Object.keys(fields)));

export const authTypes = Object.keys(FIELDS) as readonly AuthType[];

/** Returns `auth` as responses show it: each secret is replaced by the mark. */
export function shownAuth(auth: EndpointAuth): EndpointAuth {
  const fields = FIELDS[auth.type];
  const shown = Object.entries(auth).map(([name, value]) => [name, fields[name]?.isSecret ? setMark : value]);
  return Object.fromEntries(shown) as EndpointAuth;
}

/** An error in a field of `auth`; `field` is null if the error concerns the whole object. */
export interface AuthProblem {
  readonly field: string | null;
  readonly msg: string;
}

type Sent = Readonly<Record<string, unknown>>;

/**
 * Returns what a request means by `auth`. The mark stands for the stored secret of `before`. Fields
 * that are null count as absent, and undeclared fields are ignored. An `auth` that is equal to
 * `before` is not checked again, because its certificate may have expired since.
 */
export function authOf(sent: Sent, before: EndpointAuth | null, nowMs: number): EndpointAuth | AuthProblem {
  const auth = ownFields(sent);
  if (isAuthProblem(auth)) return auth;
  const fields = FIELDS[auth.type];
  const meant: Record<string, unknown> = { ...auth };
  for (const [name, { isSecret }] of Object.entries(fields)) {
    if (!isSecret || meant[name] !== setMark) continue;
    const stored = storedSecret(before, auth, name);
    if (stored === null) return { field: name, msg: notStored };
    meant[name] = stored;
  }
  if (before !== null && isSame(meant, before)) return before;
  for (const [name, { rule, isOptional }] of Object.entries(fields)) {
    const value = meant[name];
    if (value === undefined && isOptional) continue;
    const msg = value === undefined ? `This field is required for the type ${auth.type}.` : rule(value as never, nowMs);
    if (msg !== null) return { field: name, msg };
  }
  const result = meant as unknown as EndpointAuth;
  return pairProblem(result) ?? result;
}

/** Checks the fields that depend on each other. */
function pairProblem(auth: EndpointAuth): AuthProblem | null {
  if (auth.type === "mtls") {
    const msg = keyProblem(auth.key, auth.certificate);
    return msg === null ? null : { field: "key", msg };
  }
  if (auth.type !== "oauth2") return null;
  const isKey = isPrivateKey(auth.clientSecret);
  const { clientAuth = "basic" } = auth;
  if (clientAuth === "privateKeyJwt" && !isKey) {
    return { field: "clientSecret", msg: "Must be a private key in PEM for `clientAuth` privateKeyJwt." };
  }
  const isPlain = clientAuth === "basic" || clientAuth === "body";
  return isPlain && isKey
    ? { field: "clientSecret", msg: `Must not be a private key for \`clientAuth\` ${clientAuth}.` }
    : null;
}

type Typed = Sent & { readonly type: AuthType };

/** Returns the fields of the type in a request, without those that are null. */
function ownFields(sent: Sent): Typed | AuthProblem {
  const type = sent.type as AuthType;
  const auth: Record<string, unknown> & { type: AuthType } = { type };
  for (const [name, value] of Object.entries(sent)) {
    if (name === "type" || value === null || value === undefined) continue;
    if (Object.hasOwn(FIELDS[type], name)) auth[name] = value;
    else if (allNames.has(name)) return { field: name, msg: `\`${name}\` is not a field of the type ${type}.` };
  }
  return auth;
}

function isSame(one: Sent, other: EndpointAuth): boolean {
  const sorted = (auth: object) => JSON.stringify(Object.entries(auth).sort(([a], [b]) => (a < b ? -1 : 1)));
  return sorted(one) === sorted(other);
}

const notStored = `\`${setMark}\` stands for the stored secret, but none is stored for this type and token endpoint. Send the secret itself.`;

/**
 * Returns the stored secret that the mark in a request stands for, or null if there is none. The
 * secret of a client is only kept for the same token endpoint: otherwise somebody who may change
 * the endpoint but not see the secret could have it sent elsewhere.
 */
function storedSecret(before: EndpointAuth | null, { type, tokenUrl }: Sent, name: string): string | null {
  if (before === null || before.type !== type) return null;
  if (before.type === "oauth2" && new URL(before.tokenUrl).origin !== URL.parse(String(tokenUrl))?.origin) return null;
  return (before as unknown as Readonly<Record<string, string>>)[name] ?? null;
}

export function isAuthProblem(result: object): result is AuthProblem {
  return "msg" in result;
}

/** Returns the value of the `Authorization` header for a user and a password, in UTF-8 (RFC 7617). */
export function basicAuthorization(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`, "utf8").toString("base64")}`;
}

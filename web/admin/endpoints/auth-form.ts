import type { Endpoint, EndpointChange } from "../../../src/api/types.ts";

/** The form for how deliveries authenticate at an endpoint. Pure data and functions. */

type Auth = NonNullable<Endpoint["auth"]>;
export type AuthType = Auth["type"];

export interface AuthField {
  readonly name: string;
  readonly label: string;
  readonly isSecret?: true;
  readonly isOptional?: true;
  /** Rows of a text area; a one-line input without it. */
  readonly rows?: number;
  readonly placeholder?: string;
  readonly help?: string;
}

/** The types to choose from; empty means none. */
export const AUTH_TYPES: readonly { readonly value: AuthType | ""; readonly label: string }[] = [
  { value: "", label: "None, only the signature" },
  { value: "bearer", label: "Bearer token" },
  { value: "basic", label: "User and password" },
  { value: "oauth2", label: "OAuth 2.0 client" },
  { value: "mtls", label: "Client certificate" },
];

export const CLIENT_AUTHS: readonly { readonly value: string; readonly label: string }[] = [
  { value: "basic", label: "Basic authorization" },
  { value: "body", label: "in the form" },
  { value: "clientSecretJwt", label: "an assertion signed with the secret" },
  { value: "privateKeyJwt", label: "an assertion signed with a private key" },
];

const CERTIFICATE = "-----BEGIN CERTIFICATE-----";
const KEY = "-----BEGIN PRIVATE KEY-----";

/** The fields of each type, without the choice `clientAuth`. */
export const AUTH_FIELDS: Readonly<Record<AuthType, readonly AuthField[]>> = {
  bearer: [{ name: "token", label: "Token", isSecret: true }],
  basic: [
    { name: "user", label: "User" },
    { name: "password", label: "Password", isSecret: true },
  ],
  oauth2: [
    { name: "tokenUrl", label: "Token URL", placeholder: "https://login.example.com/oauth/token" },
    { name: "clientId", label: "Client id" },
    { name: "clientSecret", label: "Client secret", isSecret: true, rows: 2 },
    { name: "scope", label: "Scopes", isOptional: true, help: "Separated by spaces." },
    {
      ...{ name: "extraParams", label: "Further parameters", isOptional: true, rows: 2 },
      ...{ placeholder: "audience: https://api.example.com", help: "One per line, name and value." },
    },
  ],
  mtls: [
    {
      ...{ name: "certificate", label: "Certificate", rows: 4, placeholder: CERTIFICATE },
      help: "PEM, followed by intermediate certificates.",
    },
    {
      ...{ name: "key", label: "Private key", isSecret: true, rows: 4, placeholder: KEY },
      help: "PEM, not encrypted. The server stores it encrypted.",
    },
  ],
};

/** What the form contains. */
export interface AuthInput {
  readonly type: AuthType | "";
  readonly values: Readonly<Record<string, string>>;
  readonly ca: string;
}

/** Returns the form for the settings of an endpoint. Its secrets are empty. */
export function inputOf({ auth, tls }: Pick<Endpoint, "auth" | "tls">): AuthInput {
  const ca = tls?.ca ?? (auth?.type === "mtls" ? auth.ca : undefined) ?? "";
  if (auth === null) return { type: "", values: {}, ca };
  const secrets = AUTH_FIELDS[auth.type].filter(({ isSecret }) => isSecret).map(({ name }) => name);
  const values = Object.entries(auth).filter(([name]) => name !== "type" && !secrets.includes(name));
  return { type: auth.type, values: Object.fromEntries(values.map(([name, value]) => [name, textOf(value)])), ca };
}

function textOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  return Object.entries(value)
    .map(([name, text]) => `${name}: ${text}`)
    .join("\n");
}

/**
 * Returns the change that saves the form. An empty secret keeps the stored one, and settings that the
 * form does not show are kept.
 */
export function changeOf({ type, values, ca }: AuthInput, before: Pick<Endpoint, "auth">): EndpointChange {
  const tls = ca.trim() === "" ? null : { ca };
  if (type === "") return { auth: null, tls };
  const stored = before.auth?.type === type ? before.auth : null;
  const { ca: _, ...kept }: Record<string, unknown> = { ...stored };
  const auth: Record<string, unknown> = { ...kept, type };
  for (const { name, isSecret, isOptional } of AUTH_FIELDS[type]) {
    const text = values[name] ?? "";
    if (isSecret && text === "" && stored !== null) continue;
    if (isOptional && text.trim() === "") auth[name] = null;
    else auth[name] = name === "extraParams" ? paramsOf(text) : text;
  }
  if (type === "oauth2") auth.clientAuth = values.clientAuth ?? "basic";
  return { auth, tls };
}

function paramsOf(text: string): Readonly<Record<string, string>> {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(":");
      return colon < 0 ? [line.trim(), ""] : [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
    }),
  );
}

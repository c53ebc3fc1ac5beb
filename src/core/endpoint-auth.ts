/** How deliveries authenticate at an endpoint: the types, their fields, and which fields are secrets. */

export interface BearerAuth {
  readonly type: "bearer";
  readonly token: string;
}

export interface BasicAuth {
  readonly type: "basic";
  readonly user: string;
  readonly password: string;
}

export type EndpointAuth = BearerAuth | BasicAuth;
export type AuthType = EndpointAuth["type"];

/** The text that replaces secrets in responses. In requests it means the stored secret. */
export const setMark = "[set]";

const CREDENTIAL_CHARS_MAX = 4096;
/** Printable ASCII without spaces: every character that can be part of a token in a header. */
const TOKEN = /^[\x21-\x7e]+$/;
/** Control characters, which RFC 7617 forbids in user names and passwords. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the rule is about control characters.
const CONTROL = /[\x00-\x1f\x7f]/;

/** Returns the error in the value of a field, or null. The message never contains the value. */
type Rule = (value: string) => string | null;

interface FieldRule {
  readonly rule: Rule;
  readonly isSecret?: true;
  readonly isOptional?: true;
}

const tokenRule: Rule = (value) =>
  TOKEN.test(value) ? lengthProblem(value) : "Must be printable ASCII characters without spaces.";

const passwordRule: Rule = (value) =>
  CONTROL.test(value) ? "Must not contain control characters." : lengthProblem(value);

const userRule: Rule = (value) => {
  if (value === "") return "Must not be empty.";
  return value.includes(":") ? "Must not contain a colon (RFC 7617)." : passwordRule(value);
};

function lengthProblem(value: string): string | null {
  if (!value.isWellFormed()) return "Must be well-formed Unicode without lone surrogates.";
  return value.length > CREDENTIAL_CHARS_MAX ? `Must be at most ${CREDENTIAL_CHARS_MAX} characters long.` : null;
}

/** The fields of each type, without `type`. */
const FIELDS: Readonly<Record<AuthType, Readonly<Record<string, FieldRule>>>> = {
  bearer: { token: { rule: tokenRule, isSecret: true } },
  basic: { user: { rule: userRule }, password: { rule: passwordRule, isSecret: true } },
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
 * that are null count as absent, and undeclared fields are ignored.
 */
export function authOf(sent: Sent, before: EndpointAuth | null): EndpointAuth | AuthProblem {
  const type = sent.type as AuthType;
  const fields = FIELDS[type];
  const auth: Record<string, unknown> = { type };
  for (const [name, value] of Object.entries(sent)) {
    if (name === "type" || value === null || value === undefined) continue;
    if (Object.hasOwn(fields, name)) auth[name] = value;
    else if (allNames.has(name)) return { field: name, msg: `\`${name}\` is not a field of the type ${type}.` };
  }
  for (const [name, { rule, isSecret, isOptional }] of Object.entries(fields)) {
    const value = auth[name];
    if (value === undefined) {
      if (isOptional) continue;
      return { field: name, msg: `This field is required for the type ${type}.` };
    }
    if (isSecret && value === setMark) {
      const stored = storedSecret(before, type, name);
      if (stored === null) return { field: name, msg: notStored };
      auth[name] = stored;
      continue;
    }
    const msg = rule(value as string);
    if (msg !== null) return { field: name, msg };
  }
  return auth as unknown as EndpointAuth;
}

const notStored = `\`${setMark}\` stands for the stored secret, but none is stored for this type. Send the secret itself.`;

function storedSecret(before: EndpointAuth | null, type: AuthType, name: string): string | null {
  if (before?.type !== type) return null;
  return (before as unknown as Readonly<Record<string, string>>)[name] ?? null;
}

export function isAuthProblem(result: EndpointAuth | AuthProblem): result is AuthProblem {
  return "msg" in result;
}

/** Returns the value of the `Authorization` header for a user and a password, in UTF-8 (RFC 7617). */
export function basicAuthorization(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`, "utf8").toString("base64")}`;
}

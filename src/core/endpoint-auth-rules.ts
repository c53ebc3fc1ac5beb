/** The rules for the values of the fields of `auth`. */
import { isPrivateKey, signingKeyProblem } from "./pem.ts";
import { headerNameProblem, headersSizeProblem, headerValueProblem, normalizeUrl } from "./rule.ts";

const CREDENTIAL_CHARS_MAX = 4096;
/** Printable ASCII without spaces: every character that can be part of a token in a header. */
const TOKEN = /^[\x21-\x7e]+$/;
/** Control characters, which RFC 7617 forbids in user names and passwords. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the rule is about control characters.
const CONTROL = /[\x00-\x1f\x7f]/;

/** Returns the error in the value of a field, or null. The message never contains the value. */
export type Rule = (value: never, nowMs: number) => string | null;

export const tokenRule = (value: string): string | null =>
  TOKEN.test(value) ? lengthProblem(value) : "Must be printable ASCII characters without spaces.";

export const passwordRule = (value: string): string | null =>
  CONTROL.test(value) ? "Must not contain control characters." : lengthProblem(value);

export const userRule = (value: string): string | null => {
  if (value === "") return "Must not be empty.";
  return value.includes(":") ? "Must not contain a colon (RFC 7617)." : passwordRule(value);
};

function lengthProblem(value: string): string | null {
  if (!value.isWellFormed()) return "Must be well-formed Unicode without lone surrogates.";
  return value.length > CREDENTIAL_CHARS_MAX ? `Must be at most ${CREDENTIAL_CHARS_MAX} characters long.` : null;
}

/** Validates the id or the secret of a client: printable ASCII (RFC 6749, A.1). */
export const clientRule = (value: string): string | null =>
  /^[\x20-\x7e]+$/.test(value) ? lengthProblem(value) : "Must be printable ASCII characters.";

/** Validates the secret of a client: a text, or the private key that signs its assertions. */
export const clientSecretRule = (value: string): string | null =>
  isPrivateKey(value) ? signingKeyProblem(value) : clientRule(value);

/** Validates a list of scopes that are separated by spaces (RFC 6749, A.4). */
export const scopeRule = (value: string): string | null =>
  /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/.test(value)
    ? lengthProblem(value)
    : 'Must be printable ASCII characters without " and \\.';

export const tokenUrlRule = (value: string): string | null => {
  const checked = normalizeUrl(value, false);
  if ("problem" in checked) return checked.problem;
  const { username, password, hash } = new URL(checked.url);
  if (username !== "" || password !== "") return "Must not contain a user or a password.";
  return hash === "" ? null : "Must not contain a fragment.";
};

const PARAMS_MAX = 50;
/** Our own limit, as for headers. */
const PARAMS_CHARS_MAX = 16 * 1024;
/** Parameters that other fields set. */
const OWN_PARAMS: ReadonlySet<string> = new Set([
  ...["grant_type", "scope", "client_id", "client_secret", "client_assertion", "client_assertion_type"],
]);

export const extraParamsRule = (value: Readonly<Record<string, string>>): string | null => {
  const entries = Object.entries(value);
  if (entries.length > PARAMS_MAX) return `Must have at most ${PARAMS_MAX} parameters.`;
  const own = entries.find(([name]) => OWN_PARAMS.has(name));
  if (own !== undefined) return `The parameter ${own[0]} is set by other fields.`;
  for (const text of entries.flat()) {
    const problem = lengthProblem(text);
    if (problem !== null) return problem;
  }
  const chars = entries.flat().reduce((sum, text) => sum + text.length, 0);
  return chars > PARAMS_CHARS_MAX
    ? `Parameters must total at most ${PARAMS_CHARS_MAX} characters, but total ${chars}.`
    : null;
};

/** Headers of the request for a token that other fields or the server set. */
const OWN_HEADERS: ReadonlySet<string> = new Set(["authorization", "accept", "accept-encoding"]);

export const extraHeadersRule = (value: Readonly<Record<string, string>>): string | null => {
  for (const [name, text] of Object.entries(value)) {
    if (OWN_HEADERS.has(name.toLowerCase())) return `The header ${name} cannot be set.`;
    const problem = headerNameProblem(name) ?? headerValueProblem(text);
    if (problem !== null) return problem;
  }
  return headersSizeProblem(value);
};

/**
 * Compares the fields of a file with those of the server. The server does not show secrets, so some
 * differences only show after the field was written.
 */
import { isDeepStrictEqual } from "node:util";
import { noIds } from "../api/http/resource.ts";
import { checkSettings } from "../commands/source-settings.ts";
import { providerOf, shownSource } from "../commands/source-type.ts";
import { type EndpointAuth, setMark, shownAuth } from "../core/endpoint-auth.ts";
import { normalizeEndpointUrl } from "../core/endpoint-url/index.ts";
import type { Field, Fields } from "../core/resources/field.ts";
import type { Source } from "../core/resources/source.ts";
import type { ValueType } from "../core/resources/value-type.ts";
import { publicForm } from "../core/signature.ts";
import { MASK, maskPassword, passwordOf } from "../core/url-password.ts";
import type { Json } from "./json.ts";
import { KINDS, type Kind } from "./kinds.ts";
import { hasMark } from "./marks.ts";

/** `unknown`: the server shows the same value, but the secret in it may differ. */
export type Comparison = "same" | "different" | "unknown" | { readonly problem: string };

/** All fields of the compared thing, in the file and on the server. */
interface Both {
  readonly wanted: Json;
  readonly present: Json;
}

const NOTHING_STORED: Comparison = {
  problem: `${setMark} stands for a stored secret, and there is none. Write the secret.`,
};

/** Compares a field of a thing that exists. */
export function comparison(kind: Kind, name: string, both: Both): Comparison {
  const { wanted, present } = both;
  const special = SPECIAL[kind]?.[name];
  if (special !== undefined) return special(wanted[name], present[name] ?? null, both);
  return equal(shown(KINDS[kind].fields, name, wanted[name]), present[name] ?? null);
}

function equal(wanted: unknown, present: unknown): Comparison {
  return isDeepStrictEqual(wanted, present) ? "same" : "different";
}

/** Returns a value of a request as a response shows it. */
function shown(fields: Fields, name: string, value: unknown): unknown {
  const { type } = fieldNamed(fields, name);
  return type.format((type as ValueType).parse(value), noIds) ?? null;
}

/** Returns the field with this name in JSON. */
function fieldNamed(fields: Fields, name: string): Field {
  const [, field] = Object.entries(fields).find(([key, { traits }]) => (traits.json ?? key) === name)!;
  return field;
}

type Compare = (wanted: unknown, present: unknown, both: Both) => Comparison;

const SPECIAL: Readonly<Partial<Record<Kind, Readonly<Record<string, Compare>>>>> = {
  endpoint: {
    url: compareUrl,
    auth: compareAuth,
    function: compareFunction,
    headers: (wanted, present, { present: all }) =>
      compareHeaders((wanted ?? {}) as Texts, present as Texts, all.sensitiveHeaders as readonly string[]),
    transformation: compareTransformation,
    secret: (wanted, present) => equal(wanted === null ? present : publicForm(wanted as string), present),
    apiVersion: compareVersion,
    tls: (wanted, present) => equal((wanted as Json | null)?.ca == null ? null : wanted, present),
  },
  source: {
    type: compareType,
    config: compareConfig,
    verification: compareVerification,
    answer: compareSetting("answer"),
    deduplicate: compareSetting("deduplicate"),
  },
};

type Texts = Readonly<Record<string, string>>;

function compareUrl(wanted: unknown, present: unknown): Comparison {
  const normal = normalizeEndpointUrl(wanted as string, { httpsOnly: false, isOperational: false });
  return compareShownUrl("url" in normal ? normal.url : (wanted as string), present);
}

/** Compares a URL with one whose password is masked. */
function compareShownUrl(url: string, present: unknown): Comparison {
  const password = passwordOf(url);
  if (maskPassword(url) !== present) return "different";
  return password === null || password === MASK ? "same" : "unknown";
}

function compareAuth(wanted: unknown, present: unknown): Comparison {
  if (wanted === null) return equal(null, present);
  const given = Object.fromEntries(Object.entries(wanted as Json).filter(([, value]) => value !== null));
  const masked = shownAuth(given as unknown as EndpointAuth);
  if (!isDeepStrictEqual(masked, present)) return present === null && hasMark(given) ? NOTHING_STORED : "different";
  return isDeepStrictEqual(masked, given) ? "same" : "unknown";
}

/** The secrets that a file does not name are kept. */
function compareFunction(wanted: unknown, present: unknown): Comparison {
  if (wanted === null || present === null) return compareAbsent(wanted, present);
  const { code, secrets } = wanted as { readonly code?: string; readonly secrets?: Json | null };
  const stored = present as { readonly code: string; readonly secrets: Texts };
  const results = Object.entries(secrets ?? {}).map(([name, value]): Comparison => {
    const isStored = Object.hasOwn(stored.secrets, name);
    return value === null ? compareRemoval(isStored) : compareSecret(value, isStored);
  });
  return combined([code === undefined ? "same" : equal(code, stored.code), ...results]);
}

/** Compares values of which at least one is null. */
function compareAbsent(wanted: unknown, present: unknown): Comparison {
  return hasMark(wanted) ? NOTHING_STORED : equal(wanted, present);
}

function compareSecret(value: unknown, isStored: boolean): Comparison {
  if (value === setMark) return isStored ? "same" : NOTHING_STORED;
  return isStored ? "unknown" : "different";
}

function compareRemoval(isStored: boolean): Comparison {
  return isStored ? "different" : "same";
}

function combined(results: readonly Comparison[]): Comparison {
  const problem = results.find((one) => typeof one === "object");
  if (problem !== undefined) return problem;
  if (results.includes("different")) return "different";
  return results.includes("unknown") ? "unknown" : "same";
}

function compareHeaders(wanted: Texts, present: Texts, sensitive: readonly string[]): Comparison {
  const removed = [...Object.keys(present), ...sensitive].some((name) => !Object.hasOwn(wanted, name));
  const results = Object.entries(wanted).map(([name, value]): Comparison => {
    if (Object.hasOwn(present, name)) return equal(value, present[name]);
    return compareSecret(value, sensitive.includes(name));
  });
  return combined([removed ? "different" : "same", ...results]);
}

function compareTransformation(wanted: unknown, present: unknown): Comparison {
  const stored = present as {
    readonly code: string | null;
    readonly enabled: boolean;
    readonly variables: Texts | null;
  };
  const {
    code = stored.code,
    enabled = stored.enabled,
    variables,
  } = (wanted ?? NO_TRANSFORMATION) as Partial<typeof stored>;
  // A transformation without code is disabled.
  const plain = equal({ code, enabled: code !== null && enabled }, { code: stored.code, enabled: stored.enabled });
  return combined([plain, variables === undefined ? "same" : compareVariables(variables, stored.variables)]);
}

/** The transformation of an endpoint that has none, and the meaning of `transformation: null`. */
export const NO_TRANSFORMATION = { code: null, enabled: false, variables: null };

function compareVariables(wanted: Texts | null, present: Texts | null): Comparison {
  if (wanted === null || present === null) return compareAbsent(wanted, present);
  const removed = Object.keys(present).some((name) => !Object.hasOwn(wanted, name));
  const results = Object.entries(wanted).map(([name, value]) => compareSecret(value, Object.hasOwn(present, name)));
  return combined([removed ? "different" : "same", ...results]);
}

function compareVersion(wanted: unknown, present: unknown): Comparison {
  if (wanted !== null || present === null) return equal(wanted, present);
  return {
    problem: `Null is the form before the first payload version, to which an endpoint cannot go back. It is pinned to ${present}.`,
  };
}

function compareType(wanted: unknown, present: unknown, both: Both): Comparison {
  const isSame = wanted === present || providerOf(wanted as string).id === both.present.provider;
  return isSame ? "same" : { problem: `The type of a source cannot be changed. It is ${present}.` };
}

/** The fields of `config` that a file does not name are kept. */
function compareConfig(wanted: unknown, present: unknown): Comparison {
  const stored = present as Json;
  return combined(
    Object.entries(wanted as Json).map(([name, value]): Comparison => {
      const isStored = Object.hasOwn(stored, name);
      if (value === null) return compareRemoval(isStored);
      if (!isStored) return hasMark(value) ? NOTHING_STORED : "different";
      if (isDeepStrictEqual(value, stored[name])) return "same";
      if (name === "url") return compareShownUrl(String(value), stored.url);
      if (!hasMark(stored[name])) return "different";
      return isDeepStrictEqual(maskedLike(value), stored[name]) ? "unknown" : "different";
    }),
  );
}

/** Returns a secret, or a list of secrets, as a response shows it. */
function maskedLike(value: unknown): unknown {
  return Array.isArray(value) ? value.map(() => setMark) : setMark;
}

/** A source without its optional secret is shown as not verified. */
function compareVerification(wanted: unknown, present: unknown, both: Both): Comparison {
  const { provider, config } = both.present as unknown as Source;
  const merged = Object.entries({ ...config, ...(both.wanted.config as Json) }).filter(([, value]) => value !== null);
  const after = { provider, config: Object.fromEntries(merged), verification: wanted } as Source;
  return equal(shownSource(after).verification, present);
}

function compareSetting(name: "answer" | "deduplicate"): Compare {
  return (wanted, present) => equal(checkSettings({ [name]: wanted }).fields[name], present);
}

/** The code of endpoints with the URL `function:`. */

import { setMark } from "../core/endpoint-auth.ts";
import { FUNCTION_URL } from "../core/endpoint-url/function.ts";
import type { Seq } from "../core/id.ts";
import { invalid } from "../core/problem.ts";
import { type EndpointFunction, functionCodeChars } from "../core/resources/endpoint-function.ts";
import type { Endpoint } from "../store/index.ts";
import type { CommandContext } from "./context.ts";
import { checkCode } from "./foreign-code.ts";

const SECRETS_MAX = 50;
const SECRET_CHARS_MAX = 4096;
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,99}$/;

type Parts = Pick<CommandContext, "clock" | "sandbox">;

/** A function as a request contains it. */
interface SentFunction {
  readonly code?: string;
  readonly secrets?: Readonly<Record<string, string | null>> | null;
}

/**
 * Returns what a PATCH means by `function`: it keeps the code and the secrets that it does not contain.
 * A secret that is null is removed.
 */
export function patchedFunction(before: EndpointFunction | null, sent: SentFunction | null): EndpointFunction | null {
  if (sent === null || before === null) return sent as EndpointFunction | null;
  const secrets = { ...before.secrets, ...sent.secrets };
  return { code: sent.code ?? before.code, secrets } as EndpointFunction;
}

/**
 * Returns the function of an endpoint, with stored secrets in the places of marks. Throws 422 if the
 * function is invalid or missing, or if the URL is not that of a function.
 */
export function meantFunction(
  { url, function: sent }: Pick<Endpoint, "url" | "function">,
  before: Pick<Endpoint, "function"> | null,
): EndpointFunction | null {
  if (sent !== null && url !== FUNCTION_URL) {
    throw invalid(["body", "function"], `Only an endpoint with the URL ${FUNCTION_URL} can have a function.`);
  }
  if (sent === null && url === FUNCTION_URL) {
    throw invalid(["body", "function"], `An endpoint with the URL ${FUNCTION_URL} needs a function.`);
  }
  if (sent === null || sent === before?.function) return sent;
  const { code, secrets = null } = sent as SentFunction;
  if (code === undefined) throw invalid(["body", "function", "code"], "This field is required.");
  if (code.length < functionCodeChars.min || code.length > functionCodeChars.max) {
    const { min, max } = functionCodeChars;
    throw invalid(["body", "function", "code"], `Must be ${min} to ${max} characters long.`);
  }
  return { code, secrets: meantSecrets(secrets ?? {}, before?.function?.secrets ?? {}) };
}

function meantSecrets(
  sent: Readonly<Record<string, string | null>>,
  before: Readonly<Record<string, string>>,
): EndpointFunction["secrets"] {
  const meant: [string, string][] = [];
  for (const [name, value] of Object.entries(sent)) {
    if (value === null) continue;
    const loc = ["body", "function", "secrets", name];
    if (!NAME.test(name)) throw invalid(loc, "The name must be a letter or _ followed by letters, digits and _.");
    const stored = Object.hasOwn(before, name) ? before[name] : undefined;
    const secret = value === setMark ? stored : value;
    if (secret === undefined) throw invalid(loc, "The secret has no stored value.");
    if (secret === "" || secret.length > SECRET_CHARS_MAX) {
      throw invalid(loc, `Must be 1 to ${SECRET_CHARS_MAX} characters long.`);
    }
    meant.push([name, secret]);
  }
  if (meant.length > SECRETS_MAX) {
    throw invalid(["body", "function", "secrets"], `Must have at most ${SECRETS_MAX} secrets.`);
  }
  return Object.fromEntries(meant);
}

/**
 * Throws 422 if the code in a request cannot be parsed, fails at its top level, or defines no `handler`.
 * Has no effect without code.
 */
export async function checkFunction(
  { clock, sandbox }: Parts,
  owner: Seq,
  sent: { readonly code?: unknown } | null | undefined,
): Promise<void> {
  const code = sent?.code;
  // Code of an invalid length is refused later, without running it.
  if (typeof code !== "string" || code.length > functionCodeChars.max) return;
  await checkCode(sandbox, owner, ["body", "function", "code"], { code, variables: {}, now: clock.now() });
}

/**
 * The checks of values that their forms cannot express. The same functions check the requests to the
 * API, so that nothing is changed before the whole file has been checked. What only the server knows,
 * such as its settings, is left to it.
 */
import { checkAliases } from "../api/http/resource.ts";
import { checkedUrl, secretOf, type UrlPolicy } from "../api/resources/endpoint/settings.ts";
import { meantOutgoing, type Outgoing } from "../commands/endpoint-auth.ts";
import { checkSchemas } from "../commands/event-type-schemas.ts";
import { checkCode } from "../commands/foreign-code.ts";
import { meantFunction } from "../commands/functions.ts";
import { checkDowngrade } from "../commands/payload-versions.ts";
import { checkSettings, type SourceInput } from "../commands/source-settings.ts";
import { checkConfig, knownFields, providerOf } from "../commands/source-type.ts";
import type { ExactObject } from "../core/exact-json.ts";
import { type Finding, Invalid, invalid } from "../core/problem.ts";
import type { Endpoint } from "../core/resources/endpoint.ts";
import type { EventType } from "../core/resources/event-type.ts";
import type { Source } from "../core/resources/source.ts";
import { compileFilter } from "../filter/compile.ts";
import { noSandbox, type Sandbox } from "../sandbox/sandbox.ts";
import { Calls } from "../sandbox/serve-calls.ts";
import { workOnThisThread } from "../thread/heavy-work.ts";
import type { Wanted } from "./configuration.ts";
import type { Fault } from "./faults.ts";
import { pathOf } from "./form.ts";
import type { Json } from "./json.ts";
import { KINDS, type Kind } from "./kinds.ts";
import { hasMark, hasMaskedPassword } from "./marks.ts";

/** Generous limits for the top level of code. The server has its own. */
const LIMITS = { timeoutMs: 1000, memoryBytesMax: 64 * 1_048_576, outputCharsMax: 1_048_576 };

const OWNER = 0;
const clock = { now: () => Date.now() };

/** Returns what is wrong with the values of things whose forms are right. */
export async function valueFaults(things: readonly Wanted[]): Promise<readonly Fault[]> {
  const sandbox = ownSandbox();
  const faults: Fault[] = [];
  for (const { kind, path, fields } of things) {
    for (const check of CHECKS[kind]) {
      for (const { loc, msg } of await findingsOf(() => check(fields, sandbox))) {
        faults.push({ path: [...path, ...pathOf(loc.slice(1), fields)], msg });
      }
    }
  }
  return faults;
}

/** Runs code on this thread. */
function ownSandbox(): Sandbox {
  const calls = new Calls(LIMITS);
  return { ...noSandbox, run: async (_, prepare) => (await calls.run(prepare())).result as never };
}

async function findingsOf(check: () => unknown): Promise<readonly Finding[]> {
  try {
    await check();
    return [];
  } catch (error) {
    if (error instanceof Invalid) return error.findings;
    throw error;
  }
}

/** A check of one thing. Throws `Invalid`. */
type Check = (fields: Json, sandbox: Sandbox) => unknown;

/** Accepts every URL that some settings allow. The server checks URLs against its own settings. */
const urlPolicy: UrlPolicy = {
  settings: { httpsOnly: false, awsCredentials: "environment" },
  deliverer: { inboxUrl: () => null },
};

function aliasCheck(kind: Kind): Check {
  return (fields) => checkAliases(KINDS[kind].fields, fields);
}

const endpointChecks: readonly Check[] = [
  aliasCheck("endpoint"),
  ({ url }) => url !== undefined && checkedUrl(url as string, urlPolicy),
  ({ secret }) => secretOf(secret as string | null | undefined),
  ({ filter = null }) => filter !== null && compileFilter(filter as ExactObject),
  checkOutgoing,
  checkFunction,
  ({ function: sent }, sandbox) => checkHandler(sandbox, ["body", "function"], sent),
  ({ transformation: sent }, sandbox) => checkHandler(sandbox, ["body", "transformation"], sent),
];

const CHECKS: Readonly<Record<Kind, readonly Check[]>> = {
  eventType: [
    aliasCheck("eventType"),
    ({ schemas = null }) => checkSchemas({ heavyWork: workOnThisThread }, schemas as EventType["schemas"], null),
  ],
  payloadVersion: [
    ({ downgrade = null }, sandbox) => checkDowngrade({ sandbox, clock }, OWNER, downgrade as string | null),
  ],
  application: [aliasCheck("application")],
  source: [checkSourceSettings, checkSourceTypeAndConfig],
  endpoint: endpointChecks,
};

/** Checks the fields of requests to the endpoint together, unless some are missing or marks. */
function checkOutgoing(fields: Json): unknown {
  const { url, auth = null, tls = null } = fields;
  if (url === undefined || auth === null || hasMark(auth)) return null;
  const headers = fields.headers ?? {};
  return meantOutgoing({ url, auth, tls, headers } as Outgoing, null, clock.now());
}

/** Checks the fields of a function together, unless some are missing or marks. */
function checkFunction(fields: Json): unknown {
  const { url, function: sent = null, batch = null, payloadMode = "full" } = fields;
  if (url === undefined || hasMark(sent)) return null;
  return meantFunction({ url, function: sent, batch, payloadMode } as Endpoint, null);
}

async function checkHandler(sandbox: Sandbox, loc: readonly string[], sent: unknown): Promise<void> {
  const { code = null, variables = null } = (sent ?? {}) as { code?: string | null; variables?: Endpoint["metadata"] };
  if (code === null) return;
  await checkCode(sandbox, OWNER, [...loc, "code"], { code, variables: variables ?? {}, now: clock.now() });
}

function checkSourceSettings({ type: _, ...fields }: Json): void {
  const { findings } = checkSettings(fields as SourceInput);
  if (findings.length > 0) throw new Invalid(...findings);
}

/** Checks the type, and if there is one, the names in `config`, and its values if it has no marks. */
function checkSourceTypeAndConfig({ type, config, verification = "enforce" }: Json): void {
  if (type === undefined) return;
  const { id: provider } = providerOf(type as string);
  if (config === undefined) return;
  const own = config as Source["config"];
  const known = knownFields(provider, own);
  const unknown = Object.keys(own).filter((name) => !Object.hasOwn(known, name));
  if (unknown.length > 0) throw invalid(["body", "config", unknown[0]!], `A source of type ${type} has no such field.`);
  if (hasMark(own) || hasMaskedPassword(own.url) || Object.values(own).includes(null)) return;
  const check = { hasAwsCredentials: true, stored: {}, nowMs: clock.now() };
  const findings = checkConfig({ provider, config: known, verification } as Source, check);
  if (findings.length > 0) throw new Invalid(...findings);
}

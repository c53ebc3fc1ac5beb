import { isBrokerType } from "../core/broker.ts";
import { sqsScheme } from "../core/endpoint-url/aws.ts";
import { type Finding, invalid } from "../core/problem.ts";
import type { SourceConfig } from "../core/resources/source.ts";
import { configFieldsOf, maskedConfig, checkConfig as problemsOf } from "../receive/config.ts";
import type { Provider } from "../receive/provider.ts";
import { findProvider, nearestProviderId } from "../receive/providers/index.ts";
import { queueTlsProblem } from "../receive/queue-tls.ts";
import { isWithoutSecret } from "../receive/receiver-of.ts";
import type { Source } from "../store/index.ts";
import type { Limits } from "./context.ts";
import { checkCronConfig } from "./source-cron.ts";

/** The provider whose sources send on a schedule. */
export const CRON = "cron";

/** Returns whether sources of a provider receive requests at a URL. */
export function hasUrl(provider: string): boolean {
  return provider !== CRON && !isBrokerType(provider);
}

/** Returns the provider of a type, which is its id or an alias. Throws 422 if it is unknown. */
export function providerOf(type: string): Provider {
  const provider = findProvider(type);
  if (provider !== null) return provider;
  throw invalid(["body", "type"], `Unknown type. The nearest one is \`${nearestProviderId(type)}\`.`);
}

/** Returns the fields of a configuration that the provider has. Unknown fields are ignored. */
export function knownFields(provider: string, config: SourceConfig): SourceConfig {
  const known = new Set(configFieldsOf(providerOf(provider)).map(({ name }) => name));
  return Object.fromEntries(Object.entries(config).filter(([name]) => known.has(name)));
}

export interface ConfigCheck extends Pick<Limits, "hasAwsCredentials"> {
  /** The configuration that is stored; empty for a new source. */
  readonly stored: SourceConfig;
  readonly nowMs: number;
}

/** Returns the errors in the configuration of a source. */
export function checkConfig({ provider, config, verification }: Source, check: ConfigCheck): readonly Finding[] {
  if (provider === CRON) return checkCronConfig(config);
  const findings = problemsOf(providerOf(provider), config, verification);
  return isBrokerType(provider) && findings.length === 0 ? queueFindings(provider, config, check) : findings;
}

/** Returns the errors in a configuration of a queue whose values are valid by themselves. */
function queueFindings(
  provider: string,
  config: SourceConfig,
  { hasAwsCredentials, stored, nowMs }: ConfigCheck,
): readonly Finding[] {
  const problem = queueTlsProblem(config, stored, nowMs);
  if (problem !== null) return [{ loc: ["body", "config", problem.field], msg: problem.msg, type: "value_error" }];
  return provider === "sqs" && !hasAwsCredentials ? keysMissing(config) : [];
}

function keysMissing({ url }: SourceConfig): readonly Finding[] {
  const msg = sqsScheme.credentialsProblem?.(new URL(String(url))) ?? null;
  return msg === null ? [] : [{ loc: ["body", "config", "url"], msg, type: "value_error" }];
}

/**
 * Returns a source as responses show it: its secrets read `[set]`, and it is not verified if its
 * secret is optional and missing.
 */
export function shownSource(source: Source): Source {
  const provider = providerOf(source.provider);
  const verification = isWithoutSecret(provider, source.config) ? "off" : source.verification;
  return { ...source, verification, config: maskedConfig(provider, source.config) };
}

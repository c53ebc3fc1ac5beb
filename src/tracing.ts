import type { Settings } from "./config/index.ts";
import type { Facts } from "./core/facts.ts";
import { IdCodec } from "./core/id.ts";
import { otlpClient } from "./edge/otlp-client.ts";
import { systemRandom } from "./edge/random.ts";
import type { Store } from "./store/index.ts";
import { createTracing } from "./telemetry/tracing/tracing.ts";

/** Returns what records and exports traces, or null if no collector is configured. */
export function tracingFor(settings: Settings, { clock, idSeed, moves, shards }: Store, facts: Facts, version: string) {
  const { otlpEndpoint: endpoint, otlpHeaders: headers, otlpProtocol: protocol, otlpSample: share } = settings;
  if (endpoint === null) return null;
  const post = otlpClient({ endpoint, headers: headers ?? [], userAgent: `Boathook/${version}` });
  const ports = { clock, random: systemRandom, facts, post };
  return createTracing({ ...ports, ids: new IdCodec(idSeed, moves?.ids, shards), idSeed, version, protocol, share });
}

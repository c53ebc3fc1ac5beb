import type { Identity } from "../identity/identity.ts";
import { AuditTrail } from "./audit-trail.ts";
import type { ApiDeps } from "./deps.ts";
import { Lookup } from "./lookup.ts";
import { IngestRate } from "./rate.ts";

/** What the handlers of the routes work with: what the API is made of, and what they share. */
export interface Context extends ApiDeps {
  readonly lookup: Lookup;
  readonly ingestRate: IngestRate;
  readonly audit: AuditTrail;
  /** What scopes can be about: known when all operations are. */
  scopeResources(): readonly string[];
  /** The ids of the operations that this caller may use: known when all operations are. */
  operationsFor(identity: Identity): readonly string[];
}

/** What is known of the operations is first asked for when a request has come in. */
export function createContext(
  deps: ApiDeps,
  { scopeResources, operationsFor }: Pick<Context, "scopeResources" | "operationsFor">,
): Context {
  const { store, ids, clock, directory, settings } = deps;
  return {
    ...deps,
    scopeResources,
    operationsFor,
    lookup: new Lookup(store, ids, directory),
    ingestRate: new IngestRate(settings.ingestRatePerSecond, clock),
    audit: new AuditTrail(deps),
  };
}

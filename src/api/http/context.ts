import { Authenticator } from "../identity/auth.ts";
import type { Identity } from "../identity/identity.ts";
import { PageReader } from "../resources/message/page-reader.ts";
import { AuditTrail } from "./audit-trail.ts";
import { smallBodyDeadline } from "./body.ts";
import { ByteBudget } from "./byte-budget.ts";
import type { ApiDeps } from "./deps.ts";
import { IngestRate } from "./ingest-rate.ts";
import { Lookup } from "./lookup.ts";
import type { SharedDeadline } from "./shared-deadline.ts";
import type { Upgrade } from "./web-socket.ts";

/** The parts that route handlers use. */
export interface Context extends ApiDeps {
  readonly authenticator: Authenticator;
  readonly lookup: Lookup;
  readonly ingestRate: IngestRate;
  readonly audit: AuditTrail;
  readonly pages: PageReader;
  /** The memory budget for request bodies. */
  readonly bodies: ByteBudget;
  /** The memory budget for long responses that are being sent. */
  readonly responses: ByteBudget;
  /** The memory budget for what waits to be sent to clients of streams. */
  readonly streams: ByteBudget;
  /** The time limit for request bodies that are not charged to the budget. */
  readonly smallBodies: SharedDeadline;
  /** Returns the resources that scopes can name. */
  scopeResources(): readonly string[];
  /** Returns the ids of the operations that this caller may use. */
  operationsFor(identity: Identity): readonly string[];
  /** Returns the address from which a request came, or an empty text if it is unknown. */
  addressOf(request: Request): string;
  /** Upgrades requests to WebSockets. */
  readonly upgrade: Upgrade;
}

/**
 * Creates the context. `scopeResources` and `operationsFor` need all operations, so the first call
 * of each must come from a request.
 */
export function createContext(
  deps: ApiDeps,
  {
    scopeResources,
    operationsFor,
    addressOf = () => "",
    upgrade = () => false,
  }: Pick<Context, "scopeResources" | "operationsFor"> & Partial<Pick<Context, "addressOf" | "upgrade">>,
): Context {
  const { store, ids, clock, directory, settings } = deps;
  return {
    ...deps,
    scopeResources,
    operationsFor,
    ...{ addressOf, upgrade },
    authenticator: new Authenticator(deps),
    lookup: new Lookup(store, ids, directory),
    ingestRate: new IngestRate(settings.ingestRatePerSecond, clock),
    audit: new AuditTrail(deps),
    pages: new PageReader(store, clock),
    bodies: ByteBudget.for(settings),
    responses: ByteBudget.for(settings),
    streams: ByteBudget.for(settings),
    smallBodies: smallBodyDeadline(clock),
  };
}

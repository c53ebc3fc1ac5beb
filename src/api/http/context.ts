import { Accepter } from "../../accept/accept.ts";
import { PayloadRules } from "../../accept/payload-rules.ts";
import type { Application, Endpoint, EventType } from "../../store/index.ts";
import type { Identity } from "../identity/identity.ts";
import { AuditTrail } from "./audit-trail.ts";
import type { ApiDeps } from "./deps.ts";
import { InTurn } from "./in-turn.ts";
import { Lookup } from "./lookup.ts";
import { IngestRate } from "./rate.ts";

/** What the handlers of the routes work with: what the API is made of, and what they share. */
export interface Context extends ApiDeps {
  readonly lookup: Lookup;
  readonly accepter: Accepter;
  readonly payloadRules: PayloadRules;
  readonly ingestRate: IngestRate;
  readonly inTurn: InTurn;
  readonly audit: AuditTrail;
  /** What scopes can be about: known when all operations are. */
  scopeResources(): readonly string[];
  /** The ids of the operations that this caller may use: known when all operations are. */
  operationsFor(identity: Identity): readonly string[];
  /** `before` is what it was before an update. */
  applicationChanged(application: Application, before?: Application): void;
  eventTypeChanged(eventType: Pick<EventType, "environmentSeq" | "name">): void;
  endpointChanged(type: EndpointChange, endpoint: Pick<Endpoint, "seq" | "applicationSeq">): void;
  /** It was switched on or off by hand. After `endpointChanged`. */
  endpointSwitched(endpoint: Endpoint): void;
}

type EndpointChange = "endpoint.created" | "endpoint.updated" | "endpoint.deleted";

/** What is known of the operations is first asked for when a request has come in. */
export function createContext(
  deps: ApiDeps,
  { scopeResources, operationsFor }: Pick<Context, "scopeResources" | "operationsFor">,
): Context {
  const { store, ids, seqs, clock, facts, directory, deliverer, settings } = deps;
  return {
    ...deps,
    scopeResources,
    operationsFor,
    lookup: new Lookup(store, ids, directory),
    accepter: new Accepter(store, seqs, clock, facts, deliverer),
    payloadRules: new PayloadRules(store.configuration.eventTypes, facts),
    ingestRate: new IngestRate(settings.ingestRatePerSecond, clock),
    inTurn: new InTurn(),
    audit: new AuditTrail(deps),

    applicationChanged({ seq, environmentSeq, throttleRate }, before) {
      facts.state({ type: "application.changed", applicationSeq: seq, environmentSeq });
      if (before !== undefined && before.throttleRate !== throttleRate) {
        facts.state({ type: "application.throttled", applicationSeq: seq });
      }
    },
    eventTypeChanged({ environmentSeq, name }) {
      facts.state({ type: "eventtype.changed", environmentSeq, name });
    },
    endpointChanged(type, { seq, applicationSeq }) {
      facts.state({ type, endpointSeq: seq, applicationSeq });
    },
    endpointSwitched({ seq: endpointSeq, applicationSeq, disabled, failingSince }) {
      const where = { endpointSeq, applicationSeq };
      if (disabled) facts.state({ type: "endpoint.disabled", ...where, cause: "manual", failingSince });
      else facts.state({ type: "endpoint.enabled", ...where });
    },
  };
}

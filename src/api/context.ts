import { Accepter } from "../accept/accept.ts";
import type { Seq } from "../core/id.ts";
import type { Application, Endpoint } from "../store/index.ts";
import type { ApiDeps } from "./deps.ts";
import { InTurn } from "./in-turn.ts";
import { Lookup } from "./lookup.ts";
import { IngestRate } from "./rate.ts";

/** What the handlers of the routes work with: what the API is made of, and what they share. */
export interface Context extends ApiDeps {
  readonly lookup: Lookup;
  readonly accepter: Accepter;
  readonly ingestRate: IngestRate;
  readonly inTurn: InTurn;
  applicationChanged(application: Application): void;
  endpointChanged(type: EndpointChange, endpoint: Pick<Endpoint, "seq" | "applicationSeq">): void;
  /** All of them, disabled ones as well. */
  endpointsOf(application: Application): Promise<Endpoint[]>;
}

type EndpointChange = "endpoint.created" | "endpoint.updated" | "endpoint.deleted";

const READ_AT_ONCE = 1000;

export function createContext(deps: ApiDeps): Context {
  const { store, ids, seqs, clock, facts, directory, deliverer, settings } = deps;
  return {
    ...deps,
    lookup: new Lookup(store, ids, directory),
    accepter: new Accepter(store, seqs, clock, facts, deliverer),
    ingestRate: new IngestRate(settings.ingestRatePerSecond, clock),
    inTurn: new InTurn(),

    applicationChanged({ seq, environmentSeq }) {
      facts.state({ type: "application.changed", applicationSeq: seq, environmentSeq });
    },
    endpointChanged(type, { seq, applicationSeq }) {
      facts.state({ type, endpointSeq: seq, applicationSeq });
    },
    async endpointsOf(application) {
      const all: Endpoint[] = [];
      for (let from: Seq | null = null; ; ) {
        const page = { limit: READ_AT_ONCE, from, backwards: false, order: "ascending" } as const;
        const { rows, more } = await store.endpoints.list(application.seq, page);
        all.push(...rows);
        if (!more) return all;
        from = rows.at(-1)!.seq;
      }
    },
  };
}

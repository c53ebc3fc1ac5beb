import type { Settings } from "../../config/index.ts";
import type { Facts } from "../../core/fact.ts";
import type { IdCodec, Seq, SeqSource } from "../../core/id.ts";
import type { Deliverer } from "../../deliver/deliverer.ts";
import type { OperationalWebhooks } from "../../operational/operational-webhooks.ts";
import type { Clock, Random } from "../../ports.ts";
import type { Directory } from "../../store/directory.ts";
import type { Store } from "../../store/index.ts";
import type { Inbox } from "../resources/inbox/inbox.ts";
import type { ErrorLog } from "./errors.ts";

/** The numbers of the overview. */
export interface OverviewNumbers {
  readonly accepted: number;
  readonly delivered: number;
  /** Endpoints whose latest attempts failed. */
  readonly failing: number;
  readonly pending: number;
  readonly dead: number;
}

/** What the API is made of. */
export interface ApiDeps {
  readonly store: Store;
  readonly ids: IdCodec;
  readonly seqs: SeqSource;
  readonly clock: Clock;
  readonly random: Random;
  readonly facts: Facts;
  readonly settings: Pick<
    Settings,
    "maxBodyBytes" | "httpsOnly" | "rootToken" | "jwtSecret" | "metricsToken" | "ingestRatePerSecond"
  >;
  /** Where others reach the server, without a slash at the end; known once it listens. */
  readonly publicUrl: () => string;
  readonly log: ErrorLog;
  readonly directory: Directory;
  readonly deliverer: Deliverer;
  readonly inbox: Inbox;
  readonly operational: OperationalWebhooks;
  /** The Prometheus page. */
  readonly metrics: { text(): Promise<string>; readonly contentType: string };
  readonly overview: (environmentSeq: Seq) => OverviewNumbers | Promise<OverviewNumbers>;
  readonly version: string;
  /** Aborted when the server stops: late calls get 503, streams end. */
  readonly stopping?: AbortSignal;
}

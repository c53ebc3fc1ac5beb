import type { Idempotency } from "../../accept/idempotency.ts";
import type { CommandContext } from "../../commands/context.ts";
import type { Settings } from "../../config/index.ts";
import type { Seq } from "../../core/id.ts";
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
export interface ApiDeps extends CommandContext {
  readonly idempotency: Idempotency;
  readonly settings: Pick<
    Settings,
    "maxBodyBytes" | "httpsOnly" | "rootToken" | "jwtSecret" | "metricsToken" | "ingestRatePerSecond"
  >;
  /** Where others reach the server, without a trailing slash. */
  readonly publicUrl: () => string;
  readonly log: ErrorLog;
  readonly inbox: Inbox;
  /** The Prometheus page. */
  readonly metrics: { text(): Promise<string>; readonly contentType: string };
  readonly overview: (environmentSeq: Seq) => OverviewNumbers | Promise<OverviewNumbers>;
  readonly version: string;
  /** Aborted when the server stops: late calls get 503, streams end. */
  readonly stopping?: AbortSignal;
}

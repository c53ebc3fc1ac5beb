import type { Idempotency } from "../../accept/idempotency.ts";
import type { BackupState } from "../../backup/schedule.ts";
import type { CommandContext } from "../../commands/context.ts";
import type { Settings } from "../../config/index.ts";
import type { TrustedProxy } from "../../core/client-address.ts";
import type { Seq } from "../../core/id.ts";
import type { IdentityProvider } from "../../core/oidc.ts";
import type { Tracer } from "../../core/tracer.ts";
import type { SeriesKeeper } from "../../deliver/tasks/series-keeper.ts";
import type { BacklogWatch } from "../../deliver/watches/backlog-watch.ts";
import type { CertificateWatch } from "../../deliver/watches/certificate-watch.ts";
import type { ClockTrustWatch } from "../../deliver/watches/clock-trust-watch.ts";
import type { Notices } from "../../notice/notices.ts";
import type { SessionUser } from "../../store/index.ts";
import type { Inbox } from "../resources/inbox/inbox.ts";
import type { ErrorLog } from "./errors.ts";
import type { SystemReadings } from "./system-readings.ts";

/** The numbers in the overview. */
export interface OverviewNumbers {
  readonly accepted: number;
  readonly delivered: number;
  /** Number of endpoints in the state `failing`. */
  readonly failing: number;
  readonly pending: number;
  readonly dead: number;
  /** Time at which the oldest due delivery became due, in ms; null if none is due. */
  readonly oldestDueAt: number | null;
}

/** The parts that the API is built from. */
export interface ApiDeps extends CommandContext {
  readonly idempotency: Idempotency;
  readonly settings: Pick<
    Settings,
    | "maxBodyBytes"
    | "retryScheduleMs"
    | "deliveryTimeoutMs"
    | "endpointConcurrency"
    | "httpsOnly"
    | "awsCredentials"
    | "rootToken"
    | "jwtSecret"
    | "ingestRatePerSecond"
    | "signatureHeaders"
  >;
  /** Returns the server's public URL, without a trailing slash. */
  readonly publicUrl: () => string;
  /**
   * The path of the public URL, such as `/hooks`. The paths of requests may start with it but need
   * not. Defaults to none.
   */
  readonly pathPrefix?: string;
  /** The proxies whose `X-Forwarded-For` is believed. Defaults to none. */
  readonly trustedProxies?: readonly TrustedProxy[];
  /** Logins at an identity provider. Null or absent if none is configured. */
  readonly login?: { readonly provider: IdentityProvider; readonly admits: (user: SessionUser) => boolean } | null;
  readonly log: ErrorLog;
  /** Null or absent unless traces are exported. */
  readonly tracer?: Tracer | null;
  readonly inbox: Inbox;
  /** The metrics in the Prometheus text format. */
  readonly metrics: { text(): Promise<string>; readonly contentType: string };
  /**
   * Returns the token that `/metrics` requires, or null if none is required. The token may change.
   */
  readonly metricsToken: () => string | null;
  /** Called for each response to a request for an operation. */
  readonly countRequest?: (operation: string, status: number) => void;
  /** Returns the state of the scheduled backups. Absent if there are none. */
  readonly backups?: () => BackupState;
  /** Notices to people. Absent in tests without them. */
  readonly notices?: Pick<Notices, "channelNames" | "test">;
  readonly overview: (environmentSeq: Seq) => OverviewNumbers | Promise<OverviewNumbers>;
  /** Reads counts over time. */
  readonly series: Pick<SeriesKeeper, "read">;
  readonly backlogWatch: Pick<BacklogWatch, "growingSince" | "oldestDueIn">;
  readonly clockTrust: Pick<ClockTrustWatch, "doubtedSince">;
  /** When certificates of endpoints end. Absent in tests without them. */
  readonly certificates?: Pick<CertificateWatch, "current">;
  /** Returns the end of the certificate of this server, or null if it has none. */
  readonly serverCertificateEndsAt?: () => number | null;
  readonly system: SystemReadings;
  readonly version: string;
  /** Returns true while the server is starting. Requests then get 503. */
  readonly isStarting?: () => boolean;
  /** Aborted when the server is stopping. Requests then get 503, and streams end. */
  readonly stopping?: AbortSignal;
}

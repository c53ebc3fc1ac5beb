import type { Seq } from "../core/id.ts";
import type {
  ApplicationCounts,
  ApplicationDetail,
  ApplicationName,
  Attention,
  Delivery,
  EndpointCertificates,
  EndpointDetail,
  EndpointName,
  EnvironmentEndpoint,
  EnvironmentEndpointFilter,
  EnvironmentMessage,
  EnvironmentMessageFilter,
  NamedRecords,
  NameSearch,
  PageOf,
  PageRequest,
} from "./records/index.ts";

/**
 * Searches across the applications of an environment, for operators.
 *
 * Filters may match few of many rows, so each search runs in steps of a few ms. A search that takes
 * too many steps stops early and returns `PageOf.resume`.
 */
export interface Survey {
  /**
   * Lists the endpoints of all applications, except those of deleted and hidden applications.
   * Includes the endpoints of sources.
   */
  endpoints(
    environmentSeq: Seq,
    filter: EnvironmentEndpointFilter,
    page: PageRequest,
  ): Promise<PageOf<EnvironmentEndpoint>>;

  /** Returns counts for each application, in the order of `applicationSeqs`. */
  applicationCounts(environmentSeq: Seq, applicationSeqs: readonly Seq[]): Promise<readonly ApplicationCounts[]>;

  /** Returns what one application has. Counts of messages and deliveries stop at `detailCountMax`. */
  applicationDetail(environmentSeq: Seq, applicationSeq: Seq): Promise<ApplicationDetail>;

  /** Returns the state of an endpoint and what waits for it; null if it was deleted. */
  endpointDetail(environmentSeq: Seq, endpointSeq: Seq): Promise<EndpointDetail | null>;

  /**
   * Lists the messages of all applications, except those of deleted and hidden applications,
   * without payloads. Finds at most 1,000 messages with the same `eventId`.
   */
  messages(
    environmentSeq: Seq,
    filter: EnvironmentMessageFilter,
    page: PageRequest,
  ): Promise<PageOf<EnvironmentMessage>>;

  /**
   * Returns the endpoints and dead letters of an environment that need attention, with details of
   * at most `limit` endpoints. Those of deleted and hidden applications are not included. An endpoint
   * that is not verified is included if it has been so since before `unverifiedBefore`, by default in
   * any case.
   */
  attention(environmentSeq: Seq, limit: number, unverifiedBefore?: number): Promise<Attention>;

  /**
   * Finds the endpoints of all environments that have certificates, in steps: continues behind the
   * endpoint `after`, 0 at first. `next` is null after the last step. Those of deleted applications
   * are not included.
   */
  certificates(after: Seq): Promise<{ readonly found: readonly EndpointCertificates[]; readonly next: Seq | null }>;

  /**
   * Finds event types, sources and tokens by a part of the name, and sources by a part of the uid.
   * Compares at most 20,000 records of each kind.
   */
  named(environmentSeq: Seq, search: NameSearch): Promise<NamedRecords>;

  /** Returns the newest delivery of a message for each endpoint, or null if there is none. */
  recipients(
    environmentSeq: Seq,
    messageSeq: Seq,
    endpointSeqs: readonly Seq[],
  ): Promise<ReadonlyArray<Delivery | null>>;

  /**
   * Returns the names of applications and endpoints, including deleted ones. Numbers that the
   * environment does not have are skipped.
   */
  names(
    environmentSeq: Seq,
    of: { readonly applicationSeqs?: readonly Seq[]; readonly endpointSeqs?: readonly Seq[] },
  ): Promise<{
    readonly applications: ReadonlyMap<Seq, ApplicationName>;
    readonly endpoints: ReadonlyMap<Seq, EndpointName>;
  }>;
}

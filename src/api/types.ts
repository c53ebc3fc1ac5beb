/**
 * Types of the API's JSON, derived from the schemas of its operations. The web pages import only
 * types, and only from this module, so that their bundles contain no server code.
 */
import type { Static } from "@sinclair/typebox";
import type { listOf } from "./http/fields.ts";
import type { Changed } from "./live/changed.ts";
import type { Difference } from "./live/difference.ts";
import type { ApiTokenCensoredOut, ApiTokenOut } from "./resources/api-token/fields.ts";
import type { ApplicationOut } from "./resources/application/fields.ts";
import type { QuotaUsageOut } from "./resources/application/quota.ts";
import type {
  EndpointMessageOut,
  MessageAttemptDetailOut,
  MessageAttemptOut,
  MessageEndpointOut,
} from "./resources/attempt/fields.ts";
import type { AuditEntryOut } from "./resources/audit-log/routes.ts";
import type { AppPortalAccessOut } from "./resources/authentication/portal-access.ts";
import type { WhoamiOut } from "./resources/authentication/session.ts";
import type { TaskOut } from "./resources/background-task/task.ts";
import type { DeadLetterGroupOut, DeadLetterOut } from "./resources/dead-letter/fields.ts";
import type { DryRunOut, SummaryOut } from "./resources/dead-letter/routes.ts";
import type { DeliveryDefaultsOut, EndpointDetailOut } from "./resources/endpoint/detail.ts";
import type { EndpointIn, EndpointOut, EndpointPatch, EndpointWrittenOut } from "./resources/endpoint/fields.ts";
import type { FilterPreviewOut } from "./resources/endpoint/filter-test.ts";
import type { EndpointHeadersOut, EndpointHeadersPatchIn } from "./resources/endpoint/headers.ts";
import type { EnvironmentEndpointOut } from "./resources/endpoint/of-environment.ts";
import type { RecoverIn, ReplayIn, ReplayPreviewOut } from "./resources/endpoint/replay.ts";
import type { EndpointSecretOut, EndpointSecretRotateIn } from "./resources/endpoint/secret.ts";
import type { EndpointStats as EndpointStatsOut } from "./resources/endpoint/stats.ts";
import type {
  SimulateOut,
  TransformationOut,
  TransformationPatch as TransformationPatchIn,
} from "./resources/endpoint/transformation.ts";
import type { EnvironmentModelOut } from "./resources/environment/fields.ts";
import type { EventTypeExampleOut } from "./resources/event-type/example.ts";
import type { EventTypeOut, EventTypeWrittenOut } from "./resources/event-type/fields.ts";
import type { InboxRequestOut } from "./resources/inbox/routes.ts";
import type { LoginOptionsOut } from "./resources/login/routes.ts";
import type { MessageCancelOut } from "./resources/message/cancel.ts";
import type { MessageOut } from "./resources/message/fields.ts";
import type { EnvironmentMessageOut } from "./resources/message/of-environment.ts";
import type { PrecheckRecipientsOut } from "./resources/message/precheck.ts";
import type { MessageRecipientOut } from "./resources/message/recipients.ts";
import type { NoticeTestOut } from "./resources/notice/routes.ts";
import type {
  OperationalWebhookEndpointOut,
  OperationalWebhookEndpointWrittenOut,
} from "./resources/operational-webhook/fields.ts";
import type { OperationalWebhookEndpointStateOut } from "./resources/operational-webhook/observe.ts";
import type {
  PayloadVersionIn,
  PayloadVersionOut,
  PayloadVersionPatch,
  PayloadVersionSummaryOut,
  PayloadVersionUsageOut,
} from "./resources/payload-version/fields.ts";
import type { ProviderOut } from "./resources/provider/routes.ts";
import type { SearchOut } from "./resources/search/routes.ts";
import type { CurrentSessionOut, SessionOut } from "./resources/session/fields.ts";
import type {
  IngestSourceDetailOut,
  IngestSourceIn,
  IngestSourceListedOut,
  IngestSourceOut,
  IngestSourcePatch,
} from "./resources/source/fields.ts";
import type { IngestLogOut } from "./resources/source/log.ts";
import type {
  SimulateOut as SourceSimulateOut,
  TransformationOut as SourceTransformationOut,
} from "./resources/source/transformation.ts";
import type { ApplicationDetailOut } from "./resources/statistics/application-detail.ts";
import type { ApplicationOverviewOut } from "./resources/statistics/application-overview.ts";
import type { OverviewOut } from "./resources/statistics/overview.ts";
import type { TimeseriesOut } from "./resources/statistics/timeseries.ts";
import type { SystemOut } from "./resources/system/fields.ts";

export type { Capability } from "../core/capability.ts";
export type { DeliveryState } from "../core/delivery.ts";
export type { FailureReason } from "../core/outcome.ts";

/** A page of a list. */
export type ListOf<Item> = Omit<Static<ReturnType<typeof listOf>>, "data"> & { readonly data: readonly Item[] };

export type Attempt = Static<typeof MessageAttemptOut>;
/** An attempt with the headers that were sent and received. */
export type AttemptDetail = Static<typeof MessageAttemptDetailOut>;
/** An endpoint that a message is sent to, with the state of the delivery. */
export type Destination = Static<typeof MessageEndpointOut>;
export type Endpoint = Static<typeof EndpointOut>;
export type EndpointCreation = Static<typeof EndpointIn>;
export type EndpointChange = Static<typeof EndpointPatch>;
export type EndpointHeaders = Static<typeof EndpointHeadersOut>;
export type EndpointHeadersChange = Static<typeof EndpointHeadersPatchIn>;
/** A message that is sent to an endpoint, with the state of the delivery. */
export type EndpointMessage = Static<typeof EndpointMessageOut>;
export type EndpointSecret = Static<typeof EndpointSecretOut>;
export type EndpointSecretRotation = Static<typeof EndpointSecretRotateIn>;
export type EndpointStats = Static<typeof EndpointStatsOut>;
/** An endpoint that was just created or changed. */
export type WrittenEndpoint = Static<typeof EndpointWrittenOut>;
export type Transformation = Static<typeof TransformationOut>;
export type TransformationPatch = Static<typeof TransformationPatchIn>;
export type TransformationSimulation = Static<typeof SimulateOut>;
export type SourceTransformation = Static<typeof SourceTransformationOut>;
export type SourceTransformationSimulation = Static<typeof SourceSimulateOut>;
export type FilterPreview = Static<typeof FilterPreviewOut>;
export type EventType = Static<typeof EventTypeOut>;
/** An event type that was just created or changed. */
export type WrittenEventType = Static<typeof EventTypeWrittenOut>;
export type EventTypeExample = Static<typeof EventTypeExampleOut>;
export type InboxRequest = Static<typeof InboxRequestOut>;
export type Message = Static<typeof MessageOut>;
export type Overview = Static<typeof OverviewOut>;
/** Endpoints with whether each would receive a message, and the number of those that would. */
export type PrecheckRecipients = Static<typeof PrecheckRecipientsOut>;
export type PayloadVersion = Static<typeof PayloadVersionOut>;
export type PayloadVersionCreation = Static<typeof PayloadVersionIn>;
export type PayloadVersionChange = Static<typeof PayloadVersionPatch>;
/** The fields of a payload version that the token of an application may read. */
export type PayloadVersionSummary = Static<typeof PayloadVersionSummaryOut>;
export type PayloadVersionUsage = Static<typeof PayloadVersionUsageOut>;
/** What a live event says that has changed, besides the overview. */
export type LiveChanged = Changed;
/** The data of an event `change` of the live stream. */
export type OverviewChange = Difference<Overview>;
export type Provider = Static<typeof ProviderOut>;
export type Recovery = Static<typeof RecoverIn>;
export type Replay = Static<typeof ReplayIn>;
/** How many messages a replay would send. */
export type ReplayPreview = Static<typeof ReplayPreviewOut>;
/** The session of the request. */
export type CurrentSession = Static<typeof CurrentSessionOut>;
export type LoginOptions = Static<typeof LoginOptionsOut>;
export type Session = Static<typeof SessionOut>;
export type Source = Static<typeof IngestSourceOut>;
export type SourceChange = Static<typeof IngestSourcePatch>;
export type SourceCreation = Static<typeof IngestSourceIn>;
/** A source with the counts of its requests. */
export type SourceDetail = Static<typeof IngestSourceDetailOut>;
export type SourceListed = Static<typeof IngestSourceListedOut>;
/** A request that a source has refused, or one whose check failed. */
export type SourceLogEntry = Static<typeof IngestLogOut>;
export type Whoami = Static<typeof WhoamiOut>;
export type Application = Static<typeof ApplicationOut>;
/** An application with the numbers of what it has. */
/** The state of an endpoint and what waits for it. */
export type EndpointDetail = Static<typeof EndpointDetailOut>;
export type DeliveryDefaults = Static<typeof DeliveryDefaultsOut>;
/** The limits of an application in force and what is used of them. */
export type QuotaUsage = Static<typeof QuotaUsageOut>;
export type ApplicationDetail = Static<typeof ApplicationDetailOut>;
/** An application with counts of its endpoints and dead letters. */
export type ApplicationOverview = Static<typeof ApplicationOverviewOut>;
/** An endpoint of any application, with its state. */
export type EnvironmentEndpoint = Static<typeof EnvironmentEndpointOut>;
/** A message of any application, without its payload. */
export type EnvironmentMessage = Static<typeof EnvironmentMessageOut>;
/** Why an endpoint got a message, or why it did not. */
export type MessageCancelled = Static<typeof MessageCancelOut>;
export type MessageRecipient = Static<typeof MessageRecipientOut>;
/** A portal link and the token in it. */
export type PortalAccess = Static<typeof AppPortalAccessOut>;
/** An entry of the list of what needs attention. */
export type AttentionEntry = Overview["attention"][number];
/** A record that a search has found. */
export type SearchHit = Static<typeof SearchOut>["data"][number];
/** Counts over time. */
export type Timeseries = Static<typeof TimeseriesOut>;
export type BackgroundTask = Static<typeof TaskOut>;
export type DeadLetter = Static<typeof DeadLetterOut>;
/** What an action on dead letters would affect. */
export type DeadLetterPreview = Static<typeof DryRunOut>;
export type DeadLetterGroup = Static<typeof DeadLetterGroupOut>;
export type DeadLetterSummary = Static<typeof SummaryOut>;
/** A token, without its secret part. */
export type ApiToken = Static<typeof ApiTokenCensoredOut>;
/** A token that was just created. */
export type CreatedApiToken = Static<typeof ApiTokenOut>;
export type AuditEntry = Static<typeof AuditEntryOut>;
export type Environment = Static<typeof EnvironmentModelOut>;
export type OperationalEndpoint = Static<typeof OperationalWebhookEndpointOut>;
export type OperationalEndpointState = Static<typeof OperationalWebhookEndpointStateOut>;
/** An operational endpoint that was just created or changed. */
export type WrittenOperationalEndpoint = Static<typeof OperationalWebhookEndpointWrittenOut>;
export type System = Static<typeof SystemOut>;
export type NoticeTest = Static<typeof NoticeTestOut>;

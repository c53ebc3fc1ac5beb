import { type PageEntry, page } from "../kit/routes.tsx";
import { AuditLogPage } from "./pages/audit-log.tsx";
import { CustomerPage } from "./pages/customer.tsx";
import { CustomersPage } from "./pages/customers.tsx";
import { DeadLettersPage } from "./pages/dead-letters.tsx";
import { EndpointPage } from "./pages/endpoint.tsx";
import { EndpointsPage } from "./pages/endpoints.tsx";
import { EnvironmentsPage } from "./pages/environments.tsx";
import { EventTypePage } from "./pages/event-type.tsx";
import { EventTypeImportPage } from "./pages/event-type-import.tsx";
import { EventTypesPage } from "./pages/event-types.tsx";
import { InboxPage } from "./pages/inbox.tsx";
import { MessagePage } from "./pages/message.tsx";
import { MessagesPage } from "./pages/messages.tsx";
import { NewCustomerPage } from "./pages/new-customer.tsx";
import { ChooseCustomerPage, NewEndpointPage } from "./pages/new-endpoint.tsx";
import { NewEventTypePage } from "./pages/new-event-type.tsx";
import { NewPayloadVersionPage } from "./pages/new-payload-version.tsx";
import { NewSourcePage } from "./pages/new-source.tsx";
import { OperationalEndpointPage, OperationalWebhooksPage } from "./pages/operational-webhooks.tsx";
import { OverviewPage } from "./pages/overview.tsx";
import { PayloadVersionPage } from "./pages/payload-version.tsx";
import { PayloadVersionsPage } from "./pages/payload-versions.tsx";
import { ReceivedPage, RefusedPage } from "./pages/received.tsx";
import { SendPage } from "./pages/send.tsx";
import { SessionsPage } from "./pages/sessions.tsx";
import { SourcePage } from "./pages/source.tsx";
import { SourceEndpointPage } from "./pages/source-endpoint.tsx";
import { SourcesPage } from "./pages/sources.tsx";
import { SystemPage } from "./pages/system.tsx";
import { TaskPage } from "./pages/task.tsx";
import { TasksPage } from "./pages/tasks.tsx";
import { TokensPage } from "./pages/tokens.tsx";

/** The pages, by the patterns of their addresses. The first that fits is shown. */
export const PAGES: readonly PageEntry[] = [
  page("", "Overview", OverviewPage),
  page("app", "Customers", CustomersPage, "overview.list-applications"),
  page("app/new", "New customer", NewCustomerPage, "v1.application.create"),
  page("app/:app", "Customer", CustomerPage, "v1.application.get"),
  page("endpoint", "Endpoints", EndpointsPage, "endpoint.list-by-environment"),
  page("endpoint/new", "New endpoint", ChooseCustomerPage, "v1.endpoint.create"),
  page("app/:app/endpoint/new", "New endpoint", NewEndpointPage, "v1.endpoint.create"),
  page("app/:app/endpoint/:endpoint", "Endpoint", EndpointPage, "v1.endpoint.get"),
  page("msg", "Messages", MessagesPage, "message.list-by-environment"),
  page("send", "Send a message", SendPage, "v1.message.create"),
  page("dead-letter", "Dead letters", DeadLettersPage, "dead-letter.summary"),
  page("task", "Tasks", TasksPage, "v1.background-task.list"),
  page("task/:task", "Task", TaskPage, "v1.background-task.get"),
  page("app/:app/msg/:message", "Message", MessagePage, "v1.message.get"),
  page("app/:app/inbox/:inbox", "Inbox", InboxPage, "inbox.list"),
  page("event-type", "Event types", EventTypesPage, "v1.event-type.list"),
  page("event-type/new", "New event type", NewEventTypePage, "v1.event-type.create"),
  page("event-type/:name", "Event type", EventTypePage, "v1.event-type.get"),
  page("event-types-from-openapi", "Import event types", EventTypeImportPage, "v1.event-type.import-openapi"),
  page("payload-version", "Payload versions", PayloadVersionsPage, "payload-version.list"),
  page("payload-version/new", "New payload version", NewPayloadVersionPage, "payload-version.create"),
  page("payload-version/:version", "Payload version", PayloadVersionPage, "payload-version.get"),
  page("source", "Sources", SourcesPage, "v1.ingest.source.list"),
  page("source/new", "New source", NewSourcePage, "v1.ingest.source.create"),
  page("source/:source", "Source", SourcePage, "v1.ingest.source.get"),
  page("source/:source/endpoint/:endpoint", "Endpoint of a source", SourceEndpointPage, "v1.ingest.endpoint.get"),
  page("source/:source/msg/:message", "Received request", ReceivedPage, "v1.ingest.source.get"),
  page("source/:source/log/:entry", "Refused request", RefusedPage, "v1.ingest.source.get"),
  page("token", "Tokens", TokensPage, "v1.management.authentication.list-api-tokens"),
  page("session", "Sessions", SessionsPage, "session.list"),
  page("audit-log", "Audit log", AuditLogPage, "audit-log.list"),
  page("environment", "Environments", EnvironmentsPage, "environment.get"),
  page("operational-webhook", "Operational webhooks", OperationalWebhooksPage, "v1.operational-webhook.endpoint.list"),
  page(
    "operational-webhook/:endpoint",
    "Operational webhook",
    OperationalEndpointPage,
    "v1.operational-webhook.endpoint.get",
  ),
  page("system", "System", SystemPage, "system.get"),
];

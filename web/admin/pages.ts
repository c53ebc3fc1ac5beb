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
import { NewSourcePage } from "./pages/new-source.tsx";
import { OperationalEndpointPage, OperationalWebhooksPage } from "./pages/operational-webhooks.tsx";
import { OverviewPage } from "./pages/overview.tsx";
import { ReceivedPage, RefusedPage } from "./pages/received.tsx";
import { SendPage } from "./pages/send.tsx";
import { SourcePage } from "./pages/source.tsx";
import { SourcesPage } from "./pages/sources.tsx";
import { SystemPage } from "./pages/system.tsx";
import { TaskPage } from "./pages/task.tsx";
import { TasksPage } from "./pages/tasks.tsx";
import { TokensPage } from "./pages/tokens.tsx";

/** The pages, by the patterns of their addresses. The first that fits is shown. */
export const PAGES: readonly PageEntry[] = [
  page("", "Overview", OverviewPage),
  page("app", "Customers", CustomersPage),
  page("app/new", "New customer", NewCustomerPage),
  page("app/:app", "Customer", CustomerPage),
  page("endpoint", "Endpoints", EndpointsPage),
  page("endpoint/new", "New endpoint", ChooseCustomerPage),
  page("app/:app/endpoint/new", "New endpoint", NewEndpointPage),
  page("app/:app/endpoint/:endpoint", "Endpoint", EndpointPage),
  page("msg", "Messages", MessagesPage),
  page("send", "Send a message", SendPage),
  page("dead-letter", "Dead letters", DeadLettersPage),
  page("task", "Tasks", TasksPage),
  page("task/:task", "Task", TaskPage),
  page("app/:app/msg/:message", "Message", MessagePage),
  page("app/:app/inbox/:inbox", "Inbox", InboxPage),
  page("event-type", "Event types", EventTypesPage),
  page("event-type/new", "New event type", NewEventTypePage),
  page("event-type/:name", "Event type", EventTypePage),
  page("event-types-from-openapi", "Import event types", EventTypeImportPage),
  page("source", "Sources", SourcesPage),
  page("source/new", "New source", NewSourcePage),
  page("source/:source", "Source", SourcePage),
  page("source/:source/msg/:message", "Received request", ReceivedPage),
  page("source/:source/log/:entry", "Refused request", RefusedPage),
  page("token", "Tokens", TokensPage),
  page("audit-log", "Audit log", AuditLogPage),
  page("environment", "Environments", EnvironmentsPage),
  page("operational-webhook", "Operational webhooks", OperationalWebhooksPage),
  page("operational-webhook/:endpoint", "Operational webhook", OperationalEndpointPage),
  page("system", "System", SystemPage),
];

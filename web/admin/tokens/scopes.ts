/** What the scopes of tokens can name, in the words of the pages. */

export interface ScopeResource {
  /** The name in a scope, such as `message` in `message:Read`. */
  readonly name: string;
  readonly label: string;
}

export const SCOPE_RESOURCES: readonly ScopeResource[] = [
  { name: "message", label: "Messages" },
  { name: "message-attempt", label: "Attempts" },
  { name: "delivery", label: "Deliveries" },
  { name: "dead-letter", label: "Dead letters" },
  { name: "application", label: "Customers" },
  { name: "endpoint", label: "Endpoints" },
  { name: "event-type", label: "Event types" },
  { name: "payload-version", label: "Payload versions" },
  { name: "ingest", label: "Sources" },
  { name: "provider", label: "Providers" },
  { name: "inbox", label: "Inboxes" },
  { name: "listener", label: "Listeners (boathook listen)" },
  { name: "operational-webhook", label: "Operational webhooks" },
  { name: "notice", label: "Notices" },
  { name: "background-task", label: "Tasks" },
  { name: "overview", label: "Overview" },
  { name: "statistics", label: "Statistics" },
  { name: "authentication", label: "Tokens and portal links" },
  { name: "session", label: "Sessions" },
  { name: "audit-log", label: "Audit log" },
  { name: "environment", label: "Environments" },
  { name: "system", label: "System" },
];

export type ScopeAction = "Read" | "Write";

export function scopeOf({ name }: ScopeResource, action: ScopeAction): string {
  return `${name}:${action}`;
}

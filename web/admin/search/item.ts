import type { SearchHit } from "../../../src/api/types.ts";
import { link } from "../../kit/address.ts";
import {
  AUDIT_LOG,
  customerLink,
  ENVIRONMENTS,
  endpointLink,
  eventTypeLink,
  messageLink,
  operationalEndpointLink,
  refusedLink,
  SESSIONS,
  sourceLink,
  TOKENS,
  taskLink,
} from "../links.ts";
import { PAGES } from "../pages.ts";
import { mayOpen } from "../session.ts";

/** A line of the search box: a page, or a record that was found. */
export interface Item {
  readonly kind: string;
  readonly title: string;
  readonly detail: string;
  readonly href: string;
}

/** The pages that are not about one record. */
const STATIC_PAGES: readonly (Item & { readonly operation: string | null })[] = PAGES.filter(
  ({ pattern }) => !pattern.includes(":"),
).map(({ pattern, title, operation }) => ({
  operation,
  kind: "Page",
  title,
  detail: "",
  href: link(pattern.split("/").filter((part) => part !== "")),
}));

/** Returns the pages with a word in the title that begins with the text; all pages for an empty text. */
export function pagesWith(text: string): readonly Item[] {
  const wanted = text.toLowerCase();
  return STATIC_PAGES.filter((page) => mayOpen(page) && ` ${page.title.toLowerCase()}`.includes(` ${wanted}`));
}

const WORDS: Readonly<Record<SearchHit["kind"], string>> = {
  application: "Customer",
  endpoint: "Endpoint",
  message: "Message",
  attempt: "Attempt",
  "dead-letter": "Dead letter",
  source: "Source",
  "source-log-entry": "Source log",
  "event-type": "Event type",
  task: "Task",
  token: "Token",
  session: "Session",
  environment: "Environment",
  "operational-endpoint": "Operational webhook",
  "audit-entry": "Audit log",
};

export function itemOf(hit: SearchHit): Item {
  const { kind, id, title, appName } = hit;
  const detail = [appName, kind === "event-type" ? undefined : id].filter((text) => text !== undefined).join(" · ");
  return { kind: WORDS[kind], title: title === "" ? id : title, detail, href: hrefOf(hit) };
}

function hrefOf({ kind, id, appId = "", msgId = "", sourceId = "" }: SearchHit): string {
  switch (kind) {
    case "application":
      return customerLink(id);
    case "endpoint":
      return endpointLink(appId, id);
    case "message":
      return messageLink(appId, id);
    case "attempt":
    case "dead-letter":
      return messageLink(appId, msgId);
    case "source":
      return sourceLink(id);
    case "source-log-entry":
      return refusedLink(sourceId, id);
    case "event-type":
      return eventTypeLink(id);
    case "task":
      return taskLink(id);
    case "token":
      return TOKENS;
    case "session":
      return SESSIONS;
    case "environment":
      return ENVIRONMENTS;
    case "operational-endpoint":
      return operationalEndpointLink(id);
    case "audit-entry":
      return AUDIT_LOG;
  }
}

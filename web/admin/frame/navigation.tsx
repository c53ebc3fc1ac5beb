import { BASE } from "../../kit/base.ts";
import {
  AUDIT_LOG,
  CUSTOMERS,
  currentSection,
  deadLettersLink,
  ENVIRONMENTS,
  EVENT_TYPES,
  endpointsLink,
  messagesLink,
  OPERATIONAL_WEBHOOKS,
  OVERVIEW,
  PAYLOAD_VERSIONS,
  SESSIONS,
  SOURCES,
  SYSTEM,
  sendLink,
  TASKS,
  TOKENS,
} from "../links.ts";
import { PAGES } from "../pages.ts";
import { mayOpen } from "../session.ts";
import style from "./navigation.module.css";

interface Entry {
  readonly title: string;
  readonly href: string;
  /** The first part of the addresses of this section. */
  readonly section: string;
}

/** The sections in groups: what happens, what is set up, and the installation. */
const GROUPS: readonly { readonly title: string | null; readonly entries: readonly Entry[] }[] = [
  { title: null, entries: [{ title: "Overview", href: OVERVIEW, section: "" }] },
  {
    title: "What happens",
    entries: [
      { title: "Messages", href: messagesLink(), section: "msg" },
      { title: "Dead letters", href: deadLettersLink(), section: "dead-letter" },
      { title: "Send", href: sendLink(), section: "send" },
      { title: "Tasks", href: TASKS, section: "task" },
    ],
  },
  {
    title: "Set up",
    entries: [
      { title: "Customers", href: CUSTOMERS, section: "app" },
      { title: "Endpoints", href: endpointsLink(), section: "endpoint" },
      { title: "Event types", href: EVENT_TYPES, section: "event-type" },
      { title: "Payload versions", href: PAYLOAD_VERSIONS, section: "payload-version" },
      { title: "Sources", href: SOURCES, section: "source" },
    ],
  },
  {
    title: "Administration",
    entries: [
      { title: "Tokens", href: TOKENS, section: "token" },
      { title: "Sessions", href: SESSIONS, section: "session" },
      { title: "Environments", href: ENVIRONMENTS, section: "environment" },
      { title: "Operational webhooks", href: OPERATIONAL_WEBHOOKS, section: "operational-webhook" },
      { title: "Audit log", href: AUDIT_LOG, section: "audit-log" },
      { title: "System", href: SYSTEM, section: "system" },
    ],
  },
];

/** Returns the groups with the entries that the session may open. */
function openGroups() {
  const isOpen = ({ section }: Entry) => PAGES.some((page) => page.pattern === section && mayOpen(page));
  return GROUPS.map((group) => ({ ...group, entries: group.entries.filter(isOpen) })).filter(
    ({ entries }) => entries.length > 0,
  );
}

export function Navigation() {
  const section = currentSection();
  return (
    <nav class={style.nav} aria-label="Main">
      {openGroups().map(({ title, entries }) => (
        <div key={title} class={style.group}>
          {title !== null && <h2 class={style.title}>{title}</h2>}
          {entries.map((entry) => (
            <a key={entry.href} href={entry.href} aria-current={entry.section === section ? "page" : undefined}>
              {entry.title}
            </a>
          ))}
        </div>
      ))}
      <div class={style.group}>
        <h2 class={style.title}>Documents</h2>
        <a href={`${BASE}/docs`}>API</a>
        <a href={`${BASE}/docs/guide/`}>Guide</a>
        <a href={`${BASE}/docs/guide/providers`}>Providers</a>
      </div>
    </nav>
  );
}

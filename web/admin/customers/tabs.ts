import { customerLink } from "../links.ts";

/** The parts of a customer's page, in order. The first is shown without a `tab` in the address. */
export const CUSTOMER_TABS = [
  { name: "overview", title: "Overview" },
  { name: "endpoints", title: "Endpoints" },
  { name: "messages", title: "Messages" },
  { name: "dead-letters", title: "Dead letters" },
  { name: "access", title: "Portal and tokens" },
  { name: "settings", title: "Settings" },
] as const;

export type CustomerTab = (typeof CUSTOMER_TABS)[number]["name"];

/** Returns the part with this name, or the first. */
export function tabOf(name: string | undefined): CustomerTab {
  return CUSTOMER_TABS.find((tab) => tab.name === name)?.name ?? "overview";
}

export function customerTab(app: string, tab: CustomerTab): string {
  return customerLink(app, tab === "overview" ? undefined : tab);
}

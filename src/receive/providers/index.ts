import { editDistance } from "../../core/text.ts";
import type { Provider } from "../provider.ts";
import { aliases } from "./aliases.ts";
import { brokerProviders } from "./brokers.ts";
import { codeProviders } from "./code.ts";
import { commerceProviders } from "./commerce.ts";
import { genericProviders } from "./generic.ts";
import { identityProviders } from "./identity.ts";
import { messagingProviders } from "./messaging.ts";
import { moreProviders } from "./more/index.ts";
import { paymentProviders } from "./payments.ts";
import { workProviders } from "./work.ts";

const rows: readonly Provider[] = [
  ...genericProviders,
  ...brokerProviders,
  ...paymentProviders,
  ...commerceProviders,
  ...codeProviders,
  ...workProviders,
  ...messagingProviders,
  ...identityProviders,
  ...moreProviders,
];

/** The table of providers. */
export const providers: readonly Provider[] = rows.map((row) => ({
  ...row,
  aliases: [...row.aliases, ...(aliases[row.id] ?? [])],
}));

const byName = new Map(providers.flatMap((row) => [row.id, ...row.aliases].map((name) => [name, row] as const)));

/** Returns the row with this id or alias, or null. */
export function findProvider(name: string): Provider | null {
  return byName.get(name) ?? null;
}

const NAME_CHARS_MAX = 64;

/** Returns the id that is most like an unknown name, for an error message. */
export function nearestProviderId(name: string): string {
  const wanted = name.slice(0, NAME_CHARS_MAX).toLowerCase().replaceAll("_", "-");
  let nearest = { id: "generic-webhook", distance: Infinity };
  for (const [known, { id }] of byName) {
    const distance = editDistance(wanted, known);
    if (distance < nearest.distance) nearest = { id, distance };
  }
  return nearest.id;
}

import type { Provider } from "../provider.ts";
import { aliases } from "./aliases.ts";
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
    const distance = distanceBetween(wanted, known);
    if (distance < nearest.distance) nearest = { id, distance };
  }
  return nearest.id;
}

/** Returns how many characters must be inserted, removed or replaced to turn one text into the other. */
function distanceBetween(left: string, right: string): number {
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const replaced = previous[column - 1]! + (left[row - 1] === right[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, previous[column]! + 1, current[column - 1]! + 1));
    }
    previous = current;
  }
  return previous[right.length]!;
}

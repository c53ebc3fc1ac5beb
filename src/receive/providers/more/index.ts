import type { Provider } from "../../provider.ts";
import { adopters } from "./adopters.ts";
import { moreCodeProviders } from "./code.ts";
import { moreCommerceProviders } from "./commerce.ts";
import { moreIdentityProviders } from "./identity.ts";
import { moreMessagingProviders } from "./messaging.ts";
import { morePaymentProviders } from "./payments.ts";
import { moreWorkProviders } from "./work.ts";

/** Providers that were added from their documents and from public registries. */
export const moreProviders: readonly Provider[] = [
  ...morePaymentProviders,
  ...moreCommerceProviders,
  ...moreCodeProviders,
  ...moreWorkProviders,
  ...moreMessagingProviders,
  ...moreIdentityProviders,
  ...adopters,
];

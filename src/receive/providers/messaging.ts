import { type Provider, rows } from "../provider.ts";

export const messagingProviders: readonly Provider[] = rows("messaging");

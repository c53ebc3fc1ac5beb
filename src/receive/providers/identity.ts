import { type Provider, rows } from "../provider.ts";

export const identityProviders: readonly Provider[] = rows("identity");

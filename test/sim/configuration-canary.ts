import type { Configuration } from "../../src/store/index.ts";
import type { Canary } from "./canary.ts";
import { overwriting } from "./door-canary.ts";
import { withFullPayloads } from "./shape-canary.ts";

/** Returns the verbs of the configuration that a planted fault replaces. */
export function changedConfiguration(canary: Canary | null, configuration: Configuration): Partial<Configuration> {
  const { endpoints, tokens, sources, environments, payloadVersions } = configuration;
  switch (canary) {
    case "captured-twice":
      return { sources: { ...sources, update: overwriting(sources.update) } };
    case "unread-disabling":
      return {
        sources: {
          ...sources,
          get: async (...args) => {
            const source = await sources.get(...args);
            return source === null ? null : { ...source, disabled: false };
          },
        },
      };
    case "forgotten-pause":
      // A restart forgets which environments are paused.
      return {
        environments: {
          ...environments,
          list: async () => (await environments.list()).map((one) => ({ ...one, pausedAt: null })),
        },
      };
    case "unread-filter":
      return {
        endpoints: {
          ...endpoints,
          active: async (...args) => (await endpoints.active(...args)).map((one) => ({ ...one, filter: null })),
        },
      };
    case "unread-payload-mode":
      return { endpoints: withFullPayloads(endpoints) };
    case "unread-version":
      // The newest payload version is not known to the engine.
      return {
        payloadVersions: { ...payloadVersions, all: async (...args) => (await payloadVersions.all(...args)).slice(1) },
      };
    case "immortal-secret":
      // Old secrets in memory do not expire.
      return {
        endpoints: {
          ...endpoints,
          secrets: async (...args) => (await endpoints.secrets(...args)).map((one) => ({ ...one, expiresAt: null })),
        },
      };
    case "immortal-token":
      return {
        tokens: {
          ...tokens,
          withHash: async (...args) => {
            const token = await tokens.withHash(...args);
            return token === null ? null : { ...token, revokedAt: null };
          },
        },
      };
    default:
      return {};
  }
}

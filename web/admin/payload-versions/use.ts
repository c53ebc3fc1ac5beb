import type { PayloadVersion } from "../../../src/api/types.ts";
import { getPayloadVersions } from "../api/payload-versions.ts";
import { useLoaded } from "../reload.ts";
import { may } from "../session.ts";

/**
 * Loads the versions of the environment, newest first. Null while they are loading, and if the session
 * may not list them.
 */
export function usePayloadVersions(): readonly PayloadVersion[] | null {
  const [versions] = useLoaded("", async (signal) =>
    may("payload-version.list") ? { all: await getPayloadVersions(signal) } : { all: null },
  );
  return versions.value?.all ?? null;
}

import { readdirSync } from "node:fs";
import type { Settings } from "../../config/index.ts";
import type { BackupFacts, ResolverFacts } from "../../doctor/machine.ts";
import { NameService } from "../../edge/name-service.ts";

/** A name that does not exist anywhere (RFC 6761, 6.4), for which every name server has a response. */
const PROBE_NAME = "boathook-probe.invalid.";
/** Time limit for a response of the name servers, in ms. */
const RESPONSE_MS_MAX = 5_000;

export function observeBackups({ backupDir: directory, backupEveryMs: everyMs }: Settings): BackupFacts {
  if (directory === null) return { directory, everyMs, names: null };
  try {
    return { directory, everyMs, names: readdirSync(directory) };
  } catch {
    return { directory, everyMs, names: null };
  }
}

export async function observeResolver({ nameServers: servers }: Settings): Promise<ResolverFacts> {
  const service = servers.length > 0 ? NameService.withServers(servers) : new NameService();
  const controller = new AbortController();
  const { promise, resolve } = Promise.withResolvers<false>();
  const timer = setTimeout(() => {
    controller.abort();
    resolve(false);
  }, RESPONSE_MS_MAX);
  const asked = service.ask(PROBE_NAME, controller.signal).then(({ kind }) => kind === "found" || kind === "absent");
  const isResponding = await Promise.race([asked, promise]);
  clearTimeout(timer);
  return { servers, isResponding };
}

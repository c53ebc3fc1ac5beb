import { type Audited, type AuditedChange, audited } from "../commands/audit.ts";
import type { CommandContext } from "../commands/context.ts";
import { ensureEnvironment } from "../commands/environments.ts";
import type { Settings } from "../config/index.ts";
import { defaultEnvironment } from "../core/environment.ts";
import { IdCodec } from "../core/id.ts";
import { Signals } from "../core/signal.ts";
import { systemRandom } from "../edge/random.ts";
import { openStoreBeside, storeErrorOf } from "../server-store.ts";
import type { Store, Token } from "../store/index.ts";

/** The parts that a command needs when no server runs in this process. */
export type Parts = Pick<CommandContext, "store" | "ids" | "seqs" | "clock" | "random" | "signals">;

/** Opens the store of a server, whether or not the server is running, and closes it afterwards. */
export async function withStore<Result>(settings: Settings, use: (parts: Parts) => Promise<Result>): Promise<Result> {
  let store: Store | null = null;
  try {
    store = await openStoreBeside(settings);
    const { numbers: seqs, idSeed } = store;
    const signals = new Signals(() => {}, store.feed.publish);
    const result = await use({
      store,
      ids: new IdCodec(idSeed, store.moves?.ids, store.shards),
      seqs,
      clock: store.clock,
      random: systemRandom,
      signals,
    });
    await store.feed.announced();
    return result;
  } catch (error) {
    throw storeErrorOf(error, settings);
  } finally {
    await store?.close();
  }
}

/** Makes a change and records it in the audit log. */
export function recorded<Result>(
  parts: Parts,
  action: string,
  { environmentSeq, applicationSeq }: Pick<Token, "environmentSeq" | "applicationSeq">,
  change: () => Promise<Audited<Result>>,
): Promise<Result> {
  const about: AuditedChange = {
    environmentSeq,
    actor: { kind: "command", id: null, name: null },
    action,
    subject: applicationSeq === null ? {} : { appId: parts.ids.encode("app_", applicationSeq) },
  };
  return audited(parts, about, change);
}

/** Records a change of the whole data directory in the audit log of the default environment. */
export function recordCommand(settings: Settings, action: string): Promise<void> {
  return withStore(settings, async (parts) => {
    const { seq: environmentSeq } = await ensureEnvironment(parts, defaultEnvironment);
    const about = { environmentSeq, applicationSeq: null };
    await recorded(parts, action, about, async () => ({ result: undefined, changed: {} }));
  });
}

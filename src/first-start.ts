import { type FirstStart, prepareFirstStart } from "./commands/first-start.ts";
import { endOldRootSessions, hasRootToken, retireRootToken } from "./commands/root-token.ts";
import type { Settings } from "./config/index.ts";
import type { Seq } from "./core/id.ts";
import type { OwnAddress } from "./edge/own-address.ts";
import type { Kernel } from "./kernel.ts";
import { removeRootTokenFile, rootTokenFileOf, writeRootTokenFile } from "./store/sqlite/data-dir/root-token-file.ts";
import type { Log } from "./telemetry/log.ts";

/** What the first start on new data has made, for the operator. */
export interface FirstStartShown extends FirstStart {
  /** The file with the root token. Null if the token was shown. */
  readonly rootTokenFile: string | null;
}

/** Prepares a new data directory. The server must listen, because the public URL may depend on it. */
export async function prepareData(
  kernel: Kernel,
  environmentSeq: Seq,
  address: OwnAddress,
  { rootToken, dataDir }: Settings,
  showRootToken: ((token: string) => void | Promise<void>) | null,
): Promise<FirstStartShown | null> {
  const first = await prepareFirstStart(kernel, {
    environmentSeq,
    rootToken,
    publicUrl: address.publicUrl,
    handOver: showRootToken ?? ((token) => writeRootTokenFile(dataDir, token)),
  });
  const rootTokenFile = showRootToken === null ? rootTokenFileOf(dataDir) : null;
  return first === null ? null : { ...first, rootTokenFile };
}

/**
 * Invalidates the generated root token if the settings contain a root token. Warns if there is no
 * root token at all.
 */
export async function settleRootToken(kernel: Kernel, { rootToken, dataDir }: Settings, log: Log): Promise<void> {
  await endOldRootSessions(kernel, rootToken);
  if (rootToken !== null) {
    await retireRootToken(kernel);
    removeRootTokenFile(dataDir);
  } else if (!(await hasRootToken(kernel))) {
    log.warn(
      { dataDir },
      `There is no root token. Create one with \`boathook token root --rotate --data-dir ${dataDir}\`, or set BOATHOOK_ROOT_TOKEN.`,
    );
  }
}

import { rootTokenMeta, rootTokenText, tokenBytes, tokenHash } from "../core/token.ts";
import type { CommandContext } from "./context.ts";

type Parts = Pick<CommandContext, "store" | "random" | "signals">;

/**
 * Replaces the generated root token and returns the text of the new one, which is not stored. The
 * old token is invalid at once, even for a server in another process.
 */
export async function rotateRootToken({ store, random, signals }: Parts): Promise<string> {
  const text = rootTokenText(random.bytes(tokenBytes));
  await store.housekeeping.meta.set(rootTokenMeta, tokenHash(text).toString("hex"));
  await endOldRootSessions({ store }, text);
  signals.send({ type: "tokens.changed", environmentSeq: null });
  return text;
}

/**
 * Permanently invalidates the generated root token, because a root token is configured. Does
 * nothing if there is no generated token.
 */
export async function retireRootToken({ store, signals }: Omit<Parts, "random">): Promise<void> {
  if (!(await hasRootToken({ store }))) return;
  await store.housekeeping.meta.set(rootTokenMeta, null);
  signals.send({ type: "tokens.changed", environmentSeq: null });
}

/** Returns whether a generated root token is valid. */
export async function hasRootToken({ store }: Pick<Parts, "store">): Promise<boolean> {
  return (await store.housekeeping.meta.get(rootTokenMeta)) !== null;
}

/**
 * Ends the sessions that were opened with an earlier root token. `rootToken` is the present one, or
 * null if it is the generated one, which is stored as a hash.
 */
export async function endOldRootSessions({ store }: Pick<Parts, "store">, rootToken: string | null): Promise<void> {
  const hex = rootToken === null ? await store.housekeeping.meta.get(rootTokenMeta) : null;
  const generated = hex === null ? null : Buffer.from(hex, "hex");
  await store.configuration.sessions.endOfRoot(rootToken === null ? generated : tokenHash(rootToken));
}

import type { Seq } from "../core/id.ts";
import type { CommandContext } from "./context.ts";
import { updateSource } from "./sources.ts";

type Parts = Pick<CommandContext, "store" | "clock" | "signals">;

/** The source already has a secret. Nothing was stored. */
class AlreadySet extends Error {
  override readonly name = "AlreadySet";
}

/**
 * Stores the secret that a handshake has brought. `isShown` states whether the source's responses
 * show it until the first verified message. Returns false and stores nothing if the source already
 * has another secret, so that of two concurrent handshakes one is refused. A repeated handshake is
 * accepted, because its sender may not have received the first response. Throws 404 if the source does
 * not exist.
 */
export async function captureSecret(
  parts: Parts,
  seq: Seq,
  { secret, isShown }: { readonly secret: string; readonly isShown: boolean },
): Promise<boolean> {
  try {
    await updateSource(parts, seq, ({ config, captured }) => {
      if (config.secret === secret) return { captured };
      if (typeof config.secret === "string" && config.secret !== "") throw new AlreadySet();
      return { config: { ...config, secret }, captured: isShown ? secret : null };
    });
    return true;
  } catch (error) {
    if (error instanceof AlreadySet) return false;
    throw error;
  }
}

/** Stops showing a captured secret. */
export async function hideCapturedSecret(parts: Parts, seq: Seq): Promise<void> {
  await updateSource(parts, seq, () => ({ captured: null }));
}

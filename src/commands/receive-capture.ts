import type { Seq } from "../core/id.ts";
import { notFound } from "../core/problem.ts";
import type { Source } from "../store/index.ts";
import type { CommandContext } from "./context.ts";

type Parts = Pick<CommandContext, "store" | "clock" | "signals">;

/**
 * Stores the secret that a handshake has brought. `isShown` states whether the source's responses
 * show it until the first verified message. Returns false and stores nothing if the source already
 * has a secret, so that of two concurrent handshakes one is refused. Throws 404 if the source does
 * not exist.
 */
export async function captureSecret(
  { store, clock, signals }: Parts,
  seq: Seq,
  { secret, isShown }: { readonly secret: string; readonly isShown: boolean },
): Promise<boolean> {
  const updatedAt = clock.now();
  let isCaptured = false;
  const result = await store.configuration.sources.update(seq, (before) => {
    isCaptured = hasNoSecret(before);
    if (!isCaptured) return {};
    return { config: { ...before.config, secret }, captured: isShown ? secret : null, updatedAt };
  });
  if (result === "gone" || result === "taken") throw notFound();
  if (isCaptured) announce(signals, result.after);
  return isCaptured;
}

/** Stops showing a captured secret. */
export async function hideCapturedSecret({ store, signals }: Parts, seq: Seq): Promise<void> {
  const result = await store.configuration.sources.update(seq, () => ({ captured: null }));
  if (typeof result === "object") announce(signals, result.after);
}

function hasNoSecret({ config: { secret, secrets } }: Source): boolean {
  return (secret ?? "") === "" && (!Array.isArray(secrets) || secrets.length === 0);
}

function announce(signals: CommandContext["signals"], { seq, environmentSeq }: Source): void {
  signals.send({ type: "source.changed", sourceSeq: seq, environmentSeq });
}

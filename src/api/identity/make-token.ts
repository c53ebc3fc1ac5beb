import { tokenBytes, tokenHash, tokenHint, tokenText } from "../../core/token.ts";
import type { Token } from "../../store/index.ts";
import type { Context } from "../http/context.ts";

interface Wanted
  extends Pick<
    Token,
    "name" | "environmentSeq" | "applicationSeq" | "capabilities" | "scopes" | "featureFlags" | "sessionId"
  > {
  /** Null: for ever. */
  readonly validMs: number | null;
}

/** Makes and stores a token. Its text is returned, and known to nobody else. */
export async function makeToken(
  { store, seqs, clock, random }: Pick<Context, "store" | "seqs" | "clock" | "random">,
  { validMs, ...wanted }: Wanted,
): Promise<{ readonly token: Token; readonly text: string }> {
  const now = clock.now();
  const text = tokenText(random.bytes(tokenBytes));
  const token: Token = {
    ...wanted,
    seq: seqs.next(),
    hint: tokenHint(text),
    createdAt: now,
    expiresAt: validMs === null ? null : now + validMs,
    revokedAt: null,
  };
  await store.configuration.tokens.create(token, tokenHash(text));
  return { token, text };
}

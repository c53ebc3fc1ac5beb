import type { Program } from "../program.ts";
import type { Scene } from "../scene.ts";
import type { SourceRecord } from "./record.ts";

/** Reads the current URL of a source, which its owner may not know after a crash. */
export async function learnUrl({ clock }: Scene, program: Program, source: SourceRecord): Promise<void> {
  const [current] = await program.directStore.configuration.sources.tokens(source.seq, clock.wall);
  if (current === undefined || current.expiresAt !== null) return;
  if (source.tokens.some(({ text }) => text === current.text)) return;
  const forever = Number.POSITIVE_INFINITY;
  source.tokens.push({ text: current.text, knownAt: clock.now, mayEndAt: forever, endsAt: forever });
}

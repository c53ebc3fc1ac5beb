export type Tone = "good" | "wait" | "bad" | "idle";

/** Shows a word on a coloured background. The colour only repeats what the word says. */
export function Badge({ tone, children }: { tone: Tone; children: string }) {
  return <span class={`badge badge-${tone}`}>{children}</span>;
}

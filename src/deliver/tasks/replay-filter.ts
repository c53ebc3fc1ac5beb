import { filterOf } from "../../filter/filter.ts";
import { MessageView } from "../../filter/message-view.ts";
import type { Endpoint, Replayable, Store } from "../../store/index.ts";
import type { Turns } from "../../store/turns.ts";

/** Number of payloads that are read at once. A payload may have megabytes. */
const PAYLOADS_AT_ONCE = 8;

/** Returns the messages that match the endpoint's filter as it is now. Reads payloads only if there is a filter. */
export async function matchingFilter(
  { queue }: Pick<Store, "queue">,
  { filter }: Pick<Endpoint, "filter">,
  rows: readonly Replayable[],
  turns: Turns,
): Promise<readonly Replayable[]> {
  if (filter === null) return rows;
  const compiled = filterOf(filter);
  const matching: Replayable[] = [];
  for (let at = 0; at < rows.length; at += PAYLOADS_AT_ONCE) {
    if (at > 0) await turns.next();
    const portion = rows.slice(at, at + PAYLOADS_AT_ONCE);
    const contents = await queue.contents(portion.map(({ messageSeq }) => messageSeq));
    for (const [i, row] of portion.entries()) {
      const content = contents[i];
      if (content?.payload == null) continue;
      const message = { ...content, payload: content.payload };
      if (compiled.check(new MessageView(message)).matches) matching.push(row);
    }
  }
  return matching;
}

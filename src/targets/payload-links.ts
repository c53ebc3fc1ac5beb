import type { SeqSource } from "../core/id.ts";
import { PAYLOAD_LINK_PATH, payloadLinkText } from "../core/payload-link.ts";
import type { PayloadLinks } from "./target.ts";

/** Returns the maker of links in thin events. `publicUrl` returns a URL without a slash at the end. */
export function payloadLinks(key: () => string, seqs: SeqSource, publicUrl: () => string): PayloadLinks {
  return {
    make(of) {
      const text = payloadLinkText(key(), { ...of, linkSeq: seqs.next() });
      return { text, url: publicUrl() + PAYLOAD_LINK_PATH + text };
    },
  };
}

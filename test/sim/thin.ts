import { PAYLOAD_LINK_PATH } from "../../src/core/payload-link.ts";

/** What a receiver reads in a thin event. */
export interface ThinEvent {
  readonly id: string;
  /** The text of the link. */
  readonly link: string;
}

/** The URL of the simulated server, without a slash at the end. */
export const PUBLIC_URL = "https://boathook.example";

const URL_START = PUBLIC_URL + PAYLOAD_LINK_PATH;

/** Returns the thin event in a body, or null if it is a payload. */
export function thinEventOf(body: Uint8Array): ThinEvent | null {
  const text = Buffer.from(body).toString();
  if (!text.includes(URL_START)) return null;
  const { id, url } = JSON.parse(text) as { readonly id: string; readonly url: string };
  return { id, link: url.slice(URL_START.length) };
}

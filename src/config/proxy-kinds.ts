import { maskPassword } from "../core/url-password.ts";
import { type Kind, stringOnly } from "./kinds.ts";

const USER_BYTES_MAX = 255;
// biome-ignore lint/suspicious/noControlCharactersInRegex: the rule is about control characters.
const CONTROL = /[\x00-\x1f\x7f]/;

/** The URL of a proxy for outgoing connections. */
export const proxyUrl: Kind<string> = {
  label: "url",
  expected: "http://host:port or socks5://host:port, with user:password@ if the proxy demands it",
  parse(text) {
    const url = URL.parse(text);
    if (url === null || !/^(?:http|socks5):$/.test(url.protocol) || url.hostname === "") return null;
    if (!/^\/?$/.test(url.pathname) || /[?#]/.test(text) || url.port === "0") return null;
    const isCredential = url.username !== "" || url.password !== "";
    if (isCredential && ![url.username, url.password].every((part) => isPart(part, url.protocol))) return null;
    return url.href;
  },
  fromToml: stringOnly,
  format: maskPassword,
};

/** SOCKS limits user and password to 255 bytes each (RFC 1929), of which the user needs at least one. */
function isPart(encoded: string, protocol: string): boolean {
  try {
    const text = decodeURIComponent(encoded);
    return !CONTROL.test(text) && (protocol === "http:" || Buffer.byteLength(text) <= USER_BYTES_MAX);
  } catch {
    return false;
  }
}

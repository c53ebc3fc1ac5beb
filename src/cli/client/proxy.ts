import { CommandFailed } from "../exit-code.ts";

/** The environment, which names proxies and what is reached without one. */
type Environment = Readonly<Record<string, string | undefined>>;

export interface Proxy {
  /** The URL, which may contain a user and a password. */
  readonly url: string;
  /** The address for messages, without user and password. */
  readonly place: string;
}

const LOOPBACK = /^(localhost|.*\.localhost|127(\.\d{1,3}){3}|\[::1\])$/;
const PORTS: Readonly<Record<string, string>> = { "http:": "80", "https:": "443" };

/**
 * Returns the proxy through which a server is reached, from the variables that other programs read
 * too: `HTTPS_PROXY` or `HTTP_PROXY` by the scheme of the server's URL, else `ALL_PROXY`. Lower case
 * takes precedence. Returns null for addresses of this machine and what `NO_PROXY` lists. Throws
 * `CommandFailed` if the variable does not contain the URL of an HTTP proxy.
 */
export function proxyFor(server: string, environment: Environment = process.env): Proxy | null {
  const url = new URL(server);
  const variable = [`${url.protocol.slice(0, -1)}_proxy`, "all_proxy"]
    .flatMap((name) => [name, name.toUpperCase()])
    .find((name) => (environment[name] ?? "") !== "");
  if (variable === undefined || LOOPBACK.test(url.hostname)) return null;
  const excepted = environment.no_proxy ?? environment.NO_PROXY ?? "";
  if (excepted.split(",").some((entry) => isExcepted(url, entry.trim().toLowerCase()))) return null;
  const text = environment[variable]!;
  const proxy = URL.parse(/^[a-z0-9+.-]+:\/\//i.test(text) ? text : `http://${text}`);
  if (proxy !== null && /^https?:$/.test(proxy.protocol)) return { url: proxy.href, place: proxy.host };
  throw new CommandFailed(`The variable ${variable} must be the URL of an HTTP proxy, such as http://10.0.0.5:3128.`);
}

/** Returns whether an entry of `NO_PROXY` is the host of a URL or a domain above it. */
function isExcepted({ protocol, hostname, port }: URL, entry: string): boolean {
  if (entry === "*") return true;
  const [, pattern = "", ofPort] = /^(\[.*\]|[^:]*)(?::(\d+))?$/.exec(entry) ?? [];
  const domain = pattern.replace(/^\*?\./, "");
  if (domain === "" || (ofPort !== undefined && ofPort !== (port || PORTS[protocol]))) return false;
  return hostname === domain || hostname.endsWith(`.${domain}`);
}

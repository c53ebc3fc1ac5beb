import ipaddr from "ipaddr.js";

/** The destination of a tunnel. `address` is an IP address without brackets. */
export interface TunnelEnd {
  readonly address: string;
  readonly port: number;
}

/** A user name and a password for the proxy. */
export interface ProxyUser {
  readonly name: string;
  readonly password: string;
}

/** The client's next step: send bytes, use the tunnel, give up with a sentence, or wait (null). */
export type Step = { readonly send: Uint8Array } | "open" | { readonly problem: string } | null;

/** The client's side of the dialogue in which a proxy opens a tunnel. */
export interface Handshake {
  /** The first bytes to send. */
  readonly first: Uint8Array;
  /** Takes bytes from the proxy, in pieces of any size. */
  push(bytes: Uint8Array): Step;
}

const early = { problem: "The proxy sent data before the request." };
const notUnderstood = { problem: "The response of the proxy is not valid." };

const HEAD_BYTES_MAX = 16 * 1024;

/** Opens a tunnel with the method CONNECT (RFC 9110, 9.3.6). */
export class HttpConnect implements Handshake {
  readonly first: Uint8Array;
  #head = "";

  constructor({ address, port }: TunnelEnd, user: ProxyUser | null) {
    const authority = `${address.includes(":") ? `[${address}]` : address}:${port}`;
    const credentials = user === null ? "" : Buffer.from(`${user.name}:${user.password}`, "utf8").toString("base64");
    const authorization = user === null ? "" : `Proxy-Authorization: Basic ${credentials}\r\n`;
    this.first = Buffer.from(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${authorization}\r\n`, "latin1");
  }

  push(bytes: Uint8Array): Step {
    this.#head += Buffer.from(bytes).toString("latin1");
    for (;;) {
      const end = this.#head.indexOf("\r\n\r\n");
      if (end < 0) return this.#head.length > HEAD_BYTES_MAX ? notUnderstood : null;
      const status = Number(/^HTTP\/1\.[01] (\d{3})(?: |\r)/.exec(this.#head)?.[1]);
      const rest = this.#head.slice(end + 4);
      if (Number.isNaN(status)) return notUnderstood;
      if (status >= 200 && status < 300) return rest === "" ? "open" : early;
      if (status >= 200) return { problem: refusal(status) };
      this.#head = rest;
    }
  }
}

function refusal(status: number): string {
  const why = status === 407 ? " The user or the password in the setting egress-proxy is missing or wrong." : "";
  return `The proxy refused to connect to the endpoint (status ${status}).${why}`;
}

const VERSION = 5;
const NO_AUTHENTICATION = 0;
const USER_AND_PASSWORD = 2;
const CONNECT = 1;
const IPV4 = 1;
const DOMAIN_NAME = 3;
const IPV6 = 4;

/** Meanings of the replies of a SOCKS server (RFC 1928, 6). */
const REPLIES: readonly string[] = [
  "",
  "general failure",
  "not allowed by its rules",
  "network unreachable",
  "host unreachable",
  "connection refused",
  "TTL expired",
  "command not supported",
  "address type not supported",
];

/** Opens a tunnel with SOCKS 5 (RFC 1928, RFC 1929). The proxy gets an address and never a name. */
export class Socks5 implements Handshake {
  readonly first: Uint8Array;
  #bytes: Uint8Array = new Uint8Array(0);
  #state: "method" | "user" | "reply" = "method";

  constructor(
    private readonly end: TunnelEnd,
    private readonly user: ProxyUser | null,
  ) {
    const methods = user === null ? [NO_AUTHENTICATION] : [NO_AUTHENTICATION, USER_AND_PASSWORD];
    this.first = Uint8Array.of(VERSION, methods.length, ...methods);
  }

  push(bytes: Uint8Array): Step {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    if (this.#state === "reply") return this.#reply();
    const [version, value] = this.#bytes;
    if (version === undefined || value === undefined) return null;
    if (this.#bytes.length > 2) return early;
    this.#bytes = new Uint8Array(0);
    return this.#state === "method" ? this.#method(version, value) : this.#authenticated(value);
  }

  #method(version: number, method: number): Step {
    if (version !== VERSION) return notUnderstood;
    if (method === NO_AUTHENTICATION) return this.#request();
    if (method !== USER_AND_PASSWORD || this.user === null) {
      return { problem: "The proxy demands another authentication. Check the setting egress-proxy." };
    }
    this.#state = "user";
    const [name, password] = [Buffer.from(this.user.name, "utf8"), Buffer.from(this.user.password, "utf8")];
    return { send: Uint8Array.of(1, name.length, ...name, password.length, ...password) };
  }

  #authenticated(status: number): Step {
    if (status === 0) return this.#request();
    return { problem: "The proxy refused the user or the password in the setting egress-proxy." };
  }

  #request(): Step {
    this.#state = "reply";
    const { address, port } = this.end;
    const bytes = ipaddr.parse(address).toByteArray();
    const type = bytes.length === 4 ? IPV4 : IPV6;
    return { send: Uint8Array.of(VERSION, CONNECT, 0, type, ...bytes, port >> 8, port & 0xff) };
  }

  #reply(): Step {
    const [version, reply, , type, nameLength] = this.#bytes;
    if (version !== undefined && version !== VERSION) return notUnderstood;
    if (reply !== undefined && reply !== 0) {
      return { problem: `The proxy could not connect to the endpoint (${REPLIES[reply] ?? `reply ${reply}`}).` };
    }
    if (type === undefined || nameLength === undefined) return null;
    const addressBytes = type === IPV4 ? 4 : type === IPV6 ? 16 : type === DOMAIN_NAME ? 1 + nameLength : null;
    if (addressBytes === null) return notUnderstood;
    const length = 4 + addressBytes + 2;
    if (this.#bytes.length < length) return null;
    return this.#bytes.length === length ? "open" : early;
  }
}

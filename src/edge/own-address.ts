import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { StartError } from "../core/start-error.ts";
import { socketPathOf } from "../core/unix-socket.ts";

interface Options {
  /** An IP address, a host name or `unix:/path`. */
  readonly host: string;
  /** The port; 0 means that the system chooses one. */
  readonly port: number;
  /**
   * The public base URL of the server, or null if it is the address on which the server listens.
   */
  readonly publicUrl: string | null;
  /** Whether the server speaks HTTPS. Default: false. */
  readonly isEncrypted?: boolean;
}

/** The address on which a server listens. */
interface Listening {
  /** An IP address without brackets, or the path of a Unix socket. */
  readonly address: string;
  /** 0 for a Unix socket. */
  readonly port: number;
}

/**
 * The address on which this server listens, and its public URL. With port 0 or a host name, the
 * address and the URL are known only after the server has started to listen.
 */
export class OwnAddress {
  #listening: Listening | null = null;
  #inboxOrigin = "";
  #inboxes: readonly InboxBase[] = [];

  constructor(private readonly options: Options) {}

  /**
   * Records the address on which the server now listens, and the address at which it takes
   * deliveries to its inboxes over plain HTTP.
   */
  listening(listening: Listening, inboxesAt: Listening = listening): void {
    this.#listening = listening;
    this.#inboxOrigin = originOf("http", inboxesAt.address, inboxesAt.port);
    const prefix = this.pathPrefix;
    const origins = new Set([this.origin, this.origin.replace(/^https(?=:)/, "http")]);
    this.#inboxes = [
      ...inboxBases(this.publicUrl, prefix),
      ...[...origins].flatMap((origin) => [...inboxBases(origin, ""), ...inboxBases(origin + prefix, prefix)]),
    ];
  }

  /**
   * The URL `http://host:port` or `https://host:port` without a trailing slash. A wildcard address is
   * replaced by the loopback address. For a Unix socket, the URL to use with it.
   */
  get origin(): string {
    const { host, port, isEncrypted = false } = this.options;
    if (this.socketPath !== null) return "http://localhost";
    return originOf(isEncrypted ? "https" : "http", host, this.#listening?.port ?? port);
  }

  /** The path of the Unix socket on which the server listens, or null if it listens on a port. */
  get socketPath(): string | null {
    return socketPathOf(this.options.host);
  }

  /** The path of the public URL, such as `/hooks`; empty if it has none. */
  get pathPrefix(): string {
    return new URL(this.publicUrl).pathname.replace(/\/$/, "");
  }

  /** Base URL for generated links, without a trailing slash. */
  get publicUrl(): string {
    return this.options.publicUrl ?? this.origin;
  }

  /**
   * Returns the URL for a delivery to a built-in inbox. The URL contains the address at which the
   * server takes such deliveries. An inbox may be named by the public URL or by the server's own
   * address, also over HTTP if the server speaks HTTPS, with or without the path of the public URL.
   * Endpoints thus keep working when a public URL or a certificate is set later. Returns null for
   * every other URL, and while the server does not listen yet.
   */
  readonly inbox = (url: URL): URL | null => {
    if (this.#listening === null) return null;
    const base = this.#inboxes.find(({ start }) => url.href.startsWith(start));
    if (base === undefined) return null;
    return new URL(url.pathname.slice(base.prefix.length) + url.search, this.#inboxOrigin);
  };
}

/** The beginning of the URLs of this server's inboxes. */
interface InboxBase {
  /** The normalised URL up to and including `/inbox/`. */
  readonly start: string;
  /** The part of its path before `/inbox/`. */
  readonly prefix: string;
}

/** Returns none if the host cannot be part of a URL, such as `fe80::1%eth0`. */
function inboxBases(url: string, prefix: string): InboxBase[] {
  const parsed = URL.parse(`${url}/inbox/`);
  return parsed === null ? [] : [{ start: parsed.href, prefix }];
}

function originOf(scheme: "http" | "https", host: string, port: number): string {
  const reachable = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  return `${scheme}://${reachable.includes(":") ? `[${reachable}]` : reachable}:${port}`;
}

type LookUp = (host: string) => Promise<unknown>;

/** Returns the error for an address on which the server cannot listen. */
export async function listenError(
  error: unknown,
  { host, port }: Options,
  lookUp: LookUp = lookup,
): Promise<StartError> {
  // If a name cannot be resolved, the runtime reports the error of an earlier system call instead.
  if (isIP(host) === 0 && !(await resolves(host, lookUp))) {
    return new StartError(
      `The host ${host} cannot be resolved. Set host to an IP address of this machine, or to a name of it.`,
    );
  }
  return new StartError(listenProblem(error, host, port));
}

function listenProblem(error: unknown, host: string, port: number): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
  switch (code) {
    case "EADDRINUSE":
      return `Port ${port} of ${host} is already in use. Stop the process that uses it or set another port.`;
    case "EACCES":
      return port < 1024
        ? `Port ${port} needs a privilege that this process does not have. Set a port above 1023 or grant CAP_NET_BIND_SERVICE.`
        : `This process has no permission to listen on port ${port} of ${host}. Set another port.`;
    case "EADDRNOTAVAIL":
      return `The address ${host} does not belong to this machine. Set host to an address of this machine, or to 0.0.0.0 or :: for all of them.`;
    case "EAFNOSUPPORT":
      return `The address ${host} is of a kind that this machine does not support. Set host to an address of this machine.`;
    default:
      return `The address ${host} with port ${port} cannot be used (${code}). Set another host or port.`;
  }
}

async function resolves(host: string, lookUp: LookUp): Promise<boolean> {
  try {
    await lookUp(host);
    return true;
  } catch {
    return false;
  }
}

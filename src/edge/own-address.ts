import { StartError } from "../core/start-error.ts";

interface Options {
  readonly host: string;
  /** The port; 0 means that the system chooses one. */
  readonly port: number;
  /**
   * The public base URL of the server, or null if it is the address on which the server listens.
   */
  readonly publicUrl: string | null;
}

/** The address on which a server listens. */
interface Listening {
  /** An IP address without brackets. */
  readonly address: string;
  readonly port: number;
}

/**
 * The address on which this server listens, and its public URL. With port 0 or a host name, both
 * are known only after the server has started to listen.
 */
export class OwnAddress {
  #listening: Listening | null = null;

  constructor(private readonly options: Options) {}

  /** Records the address on which the server now listens. */
  listening(listening: Listening): void {
    this.#listening = listening;
  }

  /**
   * The URL `http://host:port` without a trailing slash. A wildcard address is replaced by the
   * loopback address.
   */
  get origin(): string {
    const { host, port } = this.options;
    return originOf(host, this.#listening?.port ?? port);
  }

  /** Base URL for generated links, without a trailing slash. */
  get publicUrl(): string {
    return this.options.publicUrl ?? this.origin;
  }

  /**
   * Returns the URL for a delivery to a built-in inbox. The URL contains the address on which the
   * server listens, not the public URL. Returns null for every other URL, and while the server does
   * not listen yet.
   */
  readonly inbox = (url: URL): URL | null => {
    if (this.#listening === null || !url.href.startsWith(`${this.publicUrl}/inbox/`)) return null;
    return new URL(url.pathname + url.search, originOf(this.#listening.address, this.#listening.port));
  };
}

function originOf(host: string, port: number): string {
  const reachable = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  return `http://${reachable.includes(":") ? `[${reachable}]` : reachable}:${port}`;
}

/** Returns the error for an address on which the server cannot listen. */
export function listenError(error: unknown, { host, port }: Options): StartError {
  return new StartError(`Cannot listen on ${host}:${port}: ${listenProblem(error)}`);
}

function listenProblem(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "EADDRINUSE") return "the port is in use. Stop what uses it, or set another port.";
  if (code === "EACCES") return "not allowed. Ports below 1024 need a privilege; set another port.";
  return `${code || String(error)}.`;
}

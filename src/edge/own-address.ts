import { StartError } from "../core/start-error.ts";

interface Options {
  readonly host: string;
  /** 0 means that the system chooses a port. */
  readonly port: number;
  /** Public base URL of the server, or null if it equals the listening address. */
  readonly publicUrl: string | null;
}

/**
 * The address at which this server listens and its public URL. With port 0 they are known only once
 * it listens.
 */
export class OwnAddress {
  #port: number;

  constructor(private readonly options: Options) {
    this.#port = options.port;
  }

  /** Records the port on which the server now listens. */
  listening(port: number): void {
    this.#port = port;
  }

  /**
   * `http://host:port` without a trailing slash. A wildcard address is replaced by the loopback
   * address.
   */
  get origin(): string {
    const { host } = this.options;
    const reachable = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
    return `http://${reachable.includes(":") ? `[${reachable}]` : reachable}:${this.#port}`;
  }

  /** Base URL of generated links, without a trailing slash. */
  get publicUrl(): string {
    return this.options.publicUrl ?? this.origin;
  }

  /**
   * Returns the URL for a delivery to a built-in inbox: the listening port instead of the public
   * URL. Returns null for every other URL.
   */
  readonly inbox = (url: URL): URL | null => {
    if (!url.href.startsWith(`${this.publicUrl}/inbox/`)) return null;
    return new URL(url.pathname + url.search, this.origin);
  };
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

import { StartError } from "../core/start-error.ts";

interface Options {
  readonly host: string;
  /** 0 lets the system choose one. */
  readonly port: number;
  /** The address under which others reach the server; null when it is the one that it listens on. */
  readonly publicUrl: string | null;
}

/** Where this server listens and how others reach it. With port 0 this is known only once it listens. */
export class OwnAddress {
  #port: number;

  constructor(private readonly options: Options) {
    this.#port = options.port;
  }

  /** The server listens on this port now. */
  listening(port: number): void {
    this.#port = port;
  }

  /** `http://host:port`, without a trailing slash. An address that stands for all of them becomes the loopback address. */
  get origin(): string {
    const { host } = this.options;
    const reachable = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
    return `http://${reachable.includes(":") ? `[${reachable}]` : reachable}:${this.#port}`;
  }

  /** What links that are handed out begin with, without a trailing slash. */
  get publicUrl(): string {
    return this.options.publicUrl ?? this.origin;
  }

  /**
   * Where a delivery to a built-in inbox really goes: to the port that the server listens on, not by way of the public
   * address. Null for every other address.
   */
  readonly inbox = (url: URL): URL | null => {
    if (!url.href.startsWith(`${this.publicUrl}/inbox/`)) return null;
    return new URL(url.pathname + url.search, this.origin);
  };
}

/** The sentence for an address that cannot be listened on. */
export function listenError(error: unknown, { host, port }: Options): StartError {
  return new StartError(`Cannot listen on ${host}:${port}: ${listenProblem(error)}`);
}

function listenProblem(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "EADDRINUSE") return "the port is in use. Stop what uses it, or set another port.";
  if (code === "EACCES") return "not allowed. Ports below 1024 need a privilege; set another port.";
  return `${code || String(error)}.`;
}

type Names = Readonly<Record<string, string>>;

/** The API of a server, as this room uses it. */
export interface RelayApi {
  /** Resolves with the parsed body, whose numbers keep their text. Rejects as `post` does. */
  get(path: string, names?: Names): Promise<unknown>;
  /**
   * Rejects with a `Refused` if the server responds with an error, and with another error if it cannot
   * be reached. The message about a 404 contains the one of `names` that does not exist.
   */
  post(path: string, body: string, names?: Names): Promise<unknown>;
}

/** An error response of the server. The message is one sentence. */
export interface Refused extends Error {
  readonly status: number;
  /** The wait that the server asks for, or null. */
  readonly retryAfterMs: number | null;
}

export function isRefused(error: unknown): error is Refused {
  return error instanceof Error && typeof (error as { readonly status?: unknown }).status === "number";
}

/** Returns whether the same request may succeed later. */
export function isTemporary(status: number): boolean {
  return status >= 500 || status === 408 || status === 429;
}

export function applicationPath(app: string): string {
  return `/api/v1/app/${encodeURIComponent(app)}`;
}

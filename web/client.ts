/** One request to the API, and what went wrong with it in words that are fit to be shown. Knows of no session. */

/** An answer that is not 2xx, or none at all (`status` 0). The message is fit to be shown. */
export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = "ApiError";
    this.status = status;
  }
}

export const NOT_ACCEPTED = "This token is not accepted. It may be mistyped, expired or revoked.";
export const NO_ANSWER = "The server does not answer.";

export interface RequestOptions {
  readonly signal?: AbortSignal;
  readonly accept?: string;
  /** JSON text. */
  readonly body?: string;
}

/** Rejects when there is no answer; an answer that is not 2xx is one. */
export async function request(
  method: string,
  url: string,
  bearer: string,
  { signal, accept = "application/json", body }: RequestOptions = {},
): Promise<Response> {
  const headers = new Headers({ accept });
  try {
    headers.set("authorization", `Bearer ${bearer}`);
  } catch {
    throw new ApiError(401, NOT_ACCEPTED); // characters that no header, and so no token, can hold
  }
  if (body !== undefined) headers.set("content-type", "application/json");
  try {
    return await fetch(url, {
      method,
      headers,
      cache: "no-store",
      ...(body !== undefined && { body }),
      ...(signal && { signal }),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, NO_ANSWER);
  }
}

/** Turns an answer that is not 2xx into an error. */
export async function errorOf(response: Response): Promise<ApiError> {
  return new ApiError(response.status, (await detailOf(response)) ?? `The server answered ${response.status}.`);
}

async function detailOf(response: Response): Promise<string | null> {
  try {
    const { detail } = (await response.json()) as { detail?: unknown };
    if (typeof detail === "string") return detail;
    if (Array.isArray(detail)) return detail.map((item: { msg?: unknown }) => String(item.msg)).join("; ");
    return null;
  } catch {
    return null;
  }
}

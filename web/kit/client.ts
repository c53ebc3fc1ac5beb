/**
 * Requests to the API, independent of any session. The messages of errors can be shown to users.
 */

/** A response that is not 2xx, or no response (`status` 0). The message can be shown to users. */
export class ApiError extends Error {
  readonly status: number;
  /** What is wrong with single fields of the request. */
  readonly findings: readonly Finding[];

  constructor(status: number, message: string, findings: readonly Finding[] = []) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.findings = findings;
  }
}

export interface Finding {
  /** The path of the field, such as `body`, `config`, `secret`. */
  readonly loc: readonly string[];
  readonly msg: string;
}

export const NOT_ACCEPTED = "This token is not valid. It may be mistyped, expired or revoked.";
export const NO_ANSWER = "The server does not respond.";

export interface RequestOptions {
  readonly signal?: AbortSignal;
  readonly accept?: string;
  /** The body as JSON text. */
  readonly body?: string;
}

/** Sends a request. Rejects if there is no response; resolves for any status. */
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
    throw new ApiError(401, NOT_ACCEPTED); // The token contains characters that are not allowed in a header.
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

/** Returns the error for a response that is not 2xx. */
export async function errorOf(response: Response): Promise<ApiError> {
  const { message, findings } = await detailOf(response);
  return new ApiError(response.status, message ?? `The server responded with status ${response.status}.`, findings);
}

async function detailOf(response: Response): Promise<{ message: string | null; findings: readonly Finding[] }> {
  try {
    const { detail } = (await response.json()) as { detail?: unknown };
    if (typeof detail === "string") return { message: detail, findings: [] };
    if (!Array.isArray(detail)) return { message: null, findings: [] };
    const findings = detail.map(({ loc, msg }: { loc?: unknown; msg?: unknown }) => ({
      loc: Array.isArray(loc) ? loc.map(String) : [],
      msg: String(msg),
    }));
    return { message: findings.map(({ msg }) => msg).join("; "), findings };
  } catch {
    return { message: null, findings: [] };
  }
}

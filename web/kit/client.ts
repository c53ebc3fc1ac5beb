/**
 * Requests to the API, independent of any session. The messages of errors can be shown to users.
 */

/** A response that is not 2xx, or no response (`status` 0). The message can be shown to users. */
export class ApiError extends Error {
  readonly status: number;
  /** The kind of error in the response, such as `csrf_failed`; null if there is none. */
  readonly code: string | null;
  /** What is wrong with single fields of the request. */
  readonly findings: readonly Finding[];

  constructor(status: number, message: string, findings: readonly Finding[] = [], code: string | null = null) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.findings = findings;
  }
}

export interface Finding {
  /** The path of the field, such as `body`, `config`, `secret`. */
  readonly loc: readonly string[];
  readonly msg: string;
}

const NO_RESPONSE = "The server does not respond.";

export interface RequestOptions {
  readonly signal?: AbortSignal;
  readonly accept?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The body as JSON text. */
  readonly body?: string;
}

/** Sends a request. Rejects if there is no response; resolves for any status. */
export async function request(
  method: string,
  url: string,
  { signal, accept = "application/json", headers: more = {}, body }: RequestOptions = {},
): Promise<Response> {
  const headers = new Headers({ ...more, accept });
  if (body !== undefined) headers.set("content-type", "application/json");
  const sent = { method, headers, cache: "no-store", ...(body !== undefined && { body }), ...(signal && { signal }) };
  return await responseTo(fetch(url, sent as RequestInit), signal);
}

/** Returns the response to a request that has been sent. Rejects with a message for the user if there is none. */
export async function responseTo(sent: Promise<Response>, signal?: AbortSignal): Promise<Response> {
  try {
    return await sent;
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, NO_RESPONSE);
  }
}

/** Returns the error for a response that is not 2xx. */
export async function errorOf(response: Response): Promise<ApiError> {
  const { message, findings, code } = await detailOf(response);
  const text = message ?? `The server responded with status ${response.status}.`;
  return new ApiError(response.status, text, findings, code);
}

interface Detail {
  readonly message: string | null;
  readonly findings: readonly Finding[];
  readonly code: string | null;
}

async function detailOf(response: Response): Promise<Detail> {
  const unknown = { message: null, findings: [], code: null };
  try {
    const { code: given, detail } = (await response.json()) as { code?: unknown; detail?: unknown };
    const code = typeof given === "string" ? given : null;
    if (typeof detail === "string") return { message: detail, findings: [], code };
    if (!Array.isArray(detail)) return { ...unknown, code };
    const findings = detail.map(({ loc, msg }: { loc?: unknown; msg?: unknown }) => ({
      loc: Array.isArray(loc) ? loc.map(String) : [],
      msg: String(msg),
    }));
    return { message: findings.map(({ msg }) => msg).join("; "), findings, code };
  } catch {
    return unknown;
  }
}

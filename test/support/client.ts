import { ROOT_TOKEN } from "./server.ts";

/** A response with its whole body. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed body; undefined if there is none. Each test knows the shape that it expects. */
  // biome-ignore lint/suspicious/noExplicitAny: the expectations of the test state the type
  readonly json: any;
}

export interface SendOptions {
  /** The body. It is sent as JSON unless it is a string or bytes. */
  readonly body?: unknown;
  /** The token to send; null for none. */
  readonly token?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

export type Send = (method: string, path: string, body?: unknown, options?: SendOptions) => Promise<Answer>;

/**
 * Sends requests to the API of a server. Paths are relative to `/api/v1` unless they start with
 * `/api/` or `/ingest/`. `init` says how the server is reached: trusted certificates or a Unix socket.
 */
export function clientOf(url: string, init: BunFetchRequestInit = {}): Send {
  return async (method, path, body, { token = ROOT_TOKEN, headers = {} } = {}) => {
    const response = await fetch(/^\/(api|ingest)\//.test(path) ? url + path : `${url}/api/v1${path}`, {
      ...init,
      method,
      headers: { ...(token !== null && { authorization: `Bearer ${token}` }), ...headers },
      ...(body !== undefined && { body: isRaw(body) ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: parsed(response, text) };
  };
}

function isRaw(body: unknown): body is string | Uint8Array<ArrayBuffer> {
  return typeof body === "string" || body instanceof Uint8Array;
}

function parsed(response: Response, text: string): unknown {
  const isJson = response.headers.get("content-type")?.startsWith("application/json") ?? false;
  return isJson && text !== "" ? JSON.parse(text) : undefined;
}

let made = 0;

/** Returns a uid that no other test uses. */
export function freshUid(name = "thing"): string {
  return `${name}-${process.pid}-${++made}`;
}

/** Creates an application and returns its uid. */
export async function makeApplication(send: Send, { name }: { readonly name?: string } = {}): Promise<string> {
  const uid = freshUid("app");
  const { status, text } = await send("POST", "/app", { name: name ?? uid, uid });
  if (status !== 201) throw new Error(`The application was not created: ${status} ${text}`);
  return uid;
}

/** Sends the same request many times concurrently and returns the responses by status. */
export async function sameAtOnce(request: () => Promise<Answer>, times = 10): Promise<Record<number, Answer[]>> {
  const answers = await Promise.all(Array.from({ length: times }, request));
  return Object.groupBy(answers, ({ status }) => status) as Record<number, Answer[]>;
}

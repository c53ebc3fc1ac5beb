import { ROOT_TOKEN } from "./server.ts";

/** An answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed body; undefined when there is none. Shaped by the test that reads it. */
  // biome-ignore lint/suspicious/noExplicitAny: a test says by its expectations what it expects
  readonly json: any;
}

export interface SendOptions {
  /** Sent as JSON, unless it is a string or bytes. */
  readonly body?: unknown;
  /** Null: none. */
  readonly token?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

export type Send = (method: string, path: string, body?: unknown, options?: SendOptions) => Promise<Answer>;

/** Sends requests to the API of a server; paths are relative to `/api/v1` unless they begin with the whole of it. */
export function clientOf(url: string): Send {
  return async (method, path, body, { token = ROOT_TOKEN, headers = {} } = {}) => {
    const response = await fetch(path.startsWith("/api/") ? url + path : `${url}/api/v1${path}`, {
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

/** A uid that no other test has. */
export function freshUid(name = "thing"): string {
  return `${name}-${process.pid}-${++made}`;
}

/** Makes an application and returns its uid. */
export async function makeApplication(send: Send): Promise<string> {
  const uid = freshUid("app");
  const { status, text } = await send("POST", "/app", { name: uid, uid });
  if (status !== 201) throw new Error(`No application: ${status} ${text}`);
  return uid;
}

/** The answers to the same request sent many times at once, by their status. */
export async function sameAtOnce(request: () => Promise<Answer>, times = 10): Promise<Record<number, Answer[]>> {
  const answers = await Promise.all(Array.from({ length: times }, request));
  return Object.groupBy(answers, ({ status }) => status) as Record<number, Answer[]>;
}

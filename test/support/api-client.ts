import type { Api } from "../../src/apply/api.ts";
import { parseExact } from "../../src/core/exact-json.ts";
import type { Send } from "./client.ts";

/** The API of one environment of a server. It counts the requests. */
export function apiOf(send: Send, environment: string): Api & { readonly requests: number } {
  let requests = 0;
  const call = async (method: string, path: string, body?: object) => {
    requests++;
    const response = await send(method, path, body, { headers: { "boathook-environment": environment } });
    if (response.status < 300) return response.text === "" ? null : parseExact(response.text);
    throw Object.assign(new Error(`${response.status} ${response.text}`), { status: response.status });
  };
  return {
    get: (path) => call("GET", path),
    post: (path, body) => call("POST", path, body),
    patch: (path, body) => call("PATCH", path, body),
    delete: (path) => call("DELETE", path),
    get requests() {
      return requests;
    },
  };
}

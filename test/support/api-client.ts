import type { Api } from "../../src/apply/api.ts";
import { parseExact } from "../../src/core/exact-json.ts";
import { freshUid, type Send } from "./client.ts";

interface CountingApi extends Api {
  /** Number of requests so far. */
  readonly requests: number;
}

/** Creates an environment and returns its API. */
export async function makeEnvironmentApi(send: Send): Promise<CountingApi> {
  const environment = { name: freshUid("environment"), type: "development" };
  const { status, text, json } = await send("POST", "/management/environment", environment);
  if (status !== 201) throw new Error(`The environment was not created: ${status} ${text}`);
  return apiOf(send, json.id);
}

function apiOf(send: Send, environment: string): CountingApi {
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

import { freshUid } from "./client.ts";

/** A request that a token server got. */
export interface TokenRequestSeen {
  readonly authorization: string | null;
  readonly headers: Headers;
  readonly form: URLSearchParams;
}

/** The secret of the clients. Tests look for it where it must not be. */
export const CLIENT_SECRET = "client-secret-of-this-test";

export interface TokenServer extends AsyncDisposable {
  /** The URL of the token endpoint. */
  readonly tokenUrl: string;
  readonly requests: readonly TokenRequestSeen[];
  /** Returns the response to the request with this number, counted from 1. Tests replace it. */
  answering: (nth: number) => Response | Promise<Response>;
  /** Returns the `auth` of an endpoint with a new client. */
  auth(fields?: object): { readonly clientId: string };
}

/** Issues the token `token-N` for the N-th request. */
export function issues(fields: object = {}): (nth: number) => Response {
  return (nth) => Response.json({ access_token: `token-${nth}`, token_type: "Bearer", expires_in: 3600, ...fields });
}

/** An OAuth 2.0 token endpoint on a free port of 127.0.0.1 that records its requests. */
export function startTokenServer(): TokenServer {
  const requests: TokenRequestSeen[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    async fetch(request) {
      const form = new URLSearchParams(await request.text());
      requests.push({ authorization: request.headers.get("authorization"), headers: request.headers, form });
      return tokens.answering(requests.length);
    },
  });
  const tokens: TokenServer = {
    tokenUrl: `http://127.0.0.1:${server.port}/oauth/token`,
    requests,
    answering: issues(),
    auth: (fields = {}) => ({
      ...{ type: "oauth2", tokenUrl: tokens.tokenUrl, clientId: freshUid("client"), clientSecret: CLIENT_SECRET },
      ...fields,
    }),
    [Symbol.asyncDispose]: () => server.stop(true),
  };
  return tokens;
}

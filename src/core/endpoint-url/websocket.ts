import type { UrlScheme } from "./scheme.ts";

/** The URL of endpoints whose consumers connect to this server. */
export const WEBSOCKET_URL = "websocket:";

/** `websocket:`, whose consumers get messages as frames. */
export const websocketScheme: UrlScheme = {
  names: ["websocket"],
  hasHost: false,
  problem: ({ href }) =>
    href === WEBSOCKET_URL ? null : `The URL of an endpoint with WebSocket consumers is exactly \`${WEBSOCKET_URL}\`.`,
  // The server encrypts the connections of consumers, or not, like all its connections.
  clearTextProblem: () => null,
  remoteHost: () => null,
  unsupported({ auth, tls }) {
    const msg = "Consumers connect with a token of this server. Set it to null.";
    if (auth !== null) return { field: "auth", msg };
    return tls === null ? null : { field: "tls", msg };
  },
  // A consumer has a token for the endpoint, so there is no receiver to ask.
  isChallenged: false,
  isForCustomers: true,
};

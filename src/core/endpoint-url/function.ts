import type { UrlScheme } from "./scheme.ts";

/** The URL of endpoints that run code. */
export const FUNCTION_URL = "function:";

/** `function:`, which runs the code of the endpoint. */
export const functionScheme: UrlScheme = {
  names: ["function"],
  hasHost: false,
  problem: ({ href }) => (href === FUNCTION_URL ? null : `The URL of a function is exactly \`${FUNCTION_URL}\`.`),
  clearTextProblem: () => null,
  remoteHost: () => null,
  unsupported({ batch, payloadMode, auth }) {
    if (batch !== null) return { field: "batch", msg: "A function gets each message alone. Remove `batch`." };
    if (payloadMode === "reference") {
      return { field: "payloadMode", msg: "A function gets the payload itself. Set `payloadMode` to `full`." };
    }
    if (auth?.type === "mtls") return { field: "auth", msg: "A client certificate needs an https URL." };
    return null;
  },
  // A function is the customer's own code, so there is no receiver to ask.
  isChallenged: false,
  isForCustomers: true,
};

import { hostOfUrl, type UrlScheme } from "./scheme.ts";

/**
 * `grpcs` and `grpc`: calls of `boathook.v1.Receiver/Deliver`. User and password are sent as Basic
 * authorization in the metadata.
 */
export const grpcScheme: UrlScheme = {
  names: ["grpcs", "grpc"],
  hasHost: true,
  problem({ pathname, search, hash }) {
    const isBare = (pathname === "" || pathname === "/") && search === "" && hash === "";
    return isBare ? null : "The URL of a gRPC endpoint is `grpc://host:port` or `grpcs://host:port`, without a path.";
  },
  clearTextProblem: ({ protocol }) => (protocol === "grpcs:" ? null : "Must be a grpcs URL."),
  remoteHost: hostOfUrl,
  unsupported({ batch, auth, tls }, { protocol }) {
    if (batch !== null) return { field: "batch", msg: "A gRPC receiver gets each message alone. Remove `batch`." };
    if (protocol === "grpcs:") return null;
    if (auth?.type === "mtls") return { field: "auth", msg: "A client certificate needs a grpcs URL." };
    return tls === null ? null : { field: "tls", msg: "`tls` needs a grpcs URL." };
  },
  // Only a receiver that implements `boathook.v1.Receiver` gets messages.
  isChallenged: false,
};

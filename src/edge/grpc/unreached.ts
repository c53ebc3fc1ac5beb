import type { Answer, Shortage, TransportFailure } from "../../ports.ts";
import { connectError, connectShortage } from "../connect-error.ts";
import { TLS_FAILED } from "./credentials.ts";

/** Returns why no connection could be opened to a receiver. `details` is the text of the library. */
export function unreached(details: string, url: URL, addresses: readonly string[]): Answer | Shortage {
  const cause = /Last error: (.*?)(?: \(\d{4}-\d\d-\d\dT[^)]*\))?\. Resolution note:/s.exec(details)?.[1] ?? details;
  const tls = cause.split(TLS_FAILED)[1];
  if (tls !== undefined) return failure("tls", `The TLS connection failed (${tls}).`);
  const code = /\bE[A-Z]{4,}\b/.exec(cause)?.[0];
  if (code === undefined) return failure("connection", `The connection failed (${cause}).`);
  const address = addresses[0]!;
  const actual = code === "ECONNREFUSED" ? connectError(address, portOf(url)) : code;
  const shortage = connectShortage(actual, address);
  if (shortage !== null) return shortage;
  if (actual === "ECONNREFUSED") return failure("connection", "The connection was refused.");
  return failure(actual === "ETIMEDOUT" ? "timeout" : "connection", `The connection failed (${actual}).`);
}

function failure(reason: TransportFailure, detail: string): Answer {
  return { kind: "failure", reason, detail };
}

/** Returns the port of a gRPC URL, or the default one. */
export function portOf({ protocol, port }: URL): number {
  if (port !== "") return Number(port);
  return protocol === "grpcs:" ? 443 : 80;
}

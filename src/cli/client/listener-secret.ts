import type { SignatureHeaders } from "../../core/signature.ts";
import { CommandFailed } from "../exit-code.ts";
import type { ServerClient } from "./server-client.ts";
import type { Subject } from "./subject.ts";

/** The secret with which requests of listeners are signed, and the names of the headers with the signature. */
export interface ListenerSecret {
  readonly key: string;
  readonly signatureHeaders: SignatureHeaders;
}

/** Reads the secret of the listeners. Rejects with `CommandFailed` if the server has no listeners. */
export async function listenerSecretOf(client: ServerClient, { path, names }: Subject): Promise<ListenerSecret> {
  const found = (await client.get(`${path}/listen/secret`, names)) as Partial<ListenerSecret> | null;
  if (typeof found?.key !== "string" || typeof found.signatureHeaders !== "string") {
    throw new CommandFailed(`The server at ${client.server} cannot forward to listeners. Upgrade it.`);
  }
  return found as ListenerSecret;
}

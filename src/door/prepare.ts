import { findProvider } from "../receive/providers/index.ts";
import { receiverOf } from "../receive/receiver-of.ts";
import type { Prepare } from "./source-directory.ts";

/** Prepares the rules of a source's provider. Throws if the provider does not exist anymore. */
export const prepareReceiver: Prepare = ({ provider: id, config, verification }, url) => {
  const provider = findProvider(id);
  if (provider === null) throw new Error(`The provider ${id} does not exist.`);
  return receiverOf(provider, config, { verification, url });
};

import type { Endpoint } from "../store/index.ts";
import type { CommandContext } from "./context.ts";

/** A problem with the URL of an endpoint. */
export interface EndpointWarning {
  readonly code: "blocked" | "dns" | "private";
  readonly detail: string;
}

/** Maximum time for looking up the host name, in ms. If it takes longer, no warning is returned. */
const LOOKUP_MS_MAX = 2000;

/**
 * Returns problems with the URL of an endpoint that was just created or changed, so that users
 * learn of them before the first delivery fails. Publishes a fact for each problem, for the
 * operator's log.
 */
export async function endpointWarnings(
  { deliverer, clock, facts }: Pick<CommandContext, "deliverer" | "clock" | "facts">,
  { seq: endpointSeq, applicationSeq, url }: Pick<Endpoint, "seq" | "applicationSeq" | "url">,
): Promise<readonly EndpointWarning[]> {
  const controller = new AbortController();
  const cancel = clock.after(LOOKUP_MS_MAX, () => controller.abort());
  const warnings = await deliverer.warningsOf(url, controller.signal);
  cancel();
  for (const { code, detail } of warnings) {
    facts.state({ type: "endpoint.warned", endpointSeq, applicationSeq, code, detail });
  }
  return warnings;
}

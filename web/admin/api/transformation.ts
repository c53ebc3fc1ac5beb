import type {
  ListOf,
  Message,
  SourceTransformation,
  SourceTransformationSimulation,
  Transformation,
  TransformationSimulation,
} from "../../../src/api/types.ts";
import {
  receivedResult,
  receivedSimulation,
  type SampleMessage,
  type TransformationApi,
  webhookResult,
  webhookSimulation,
} from "../../kit/endpoint/transformation/model.ts";
import { memberText } from "../../kit/json.ts";
import { call } from "../api.ts";
import { may } from "../session.ts";
import type { EndpointKey } from "./endpoints.ts";
import { getEventTypes, getExampleText } from "./event-types.ts";
import { getJson, sendJson } from "./json.ts";

/** The requests of the editor of a transformation. */

const encode = encodeURIComponent;
const MESSAGES = 20;
/** Maximum number of event types that are offered as examples. */
const EXAMPLES_MAX = 100;

export function endpointTransformation({ app, endpoint }: EndpointKey): TransformationApi {
  const path = `/app/${encode(app)}/endpoint/${encode(endpoint)}/transformation`;
  return {
    form: "webhook",
    get: (signal) => getJson<Transformation>(path, signal),
    save: may("v1.endpoint.transformation.patch") ? (change) => sendJson("PATCH", path, change) : null,
    simulate: may("v1.endpoint.transformation.simulate")
      ? async (draft, sample) => {
          const response = await call("POST", `${path}/simulate`, { body: webhookSimulation(draft, sample) });
          return webhookResult((await response.json()) as TransformationSimulation);
        }
      : null,
    messages: (signal) => newestMessages(app, signal),
    async eventTypes(signal) {
      if (!may("v1.event-type.list")) return [];
      return (await getEventTypes(signal)).slice(0, EXAMPLES_MAX).map(({ name }) => name);
    },
    example: async (name) => memberText(await getExampleText(name), "payload") ?? "{}",
  };
}

/** `app` is the application of the source. */
export function sourceEndpointTransformation(source: string, { app, endpoint }: EndpointKey): TransformationApi {
  const path = `/ingest/api/v1/source/${encode(source)}/endpoint/${encode(endpoint)}/transformation`;
  return {
    form: "received",
    get: (signal) => getJson<SourceTransformation>(path, signal),
    save: may("v1.ingest.endpoint.transformation.patch") ? (change) => sendJson("PATCH", path, change) : null,
    simulate: may("v1.ingest.endpoint.transformation.simulate")
      ? async (draft, sample) => {
          const response = await call("POST", `${path}/simulate`, { body: receivedSimulation(draft, sample) });
          return receivedResult((await response.json()) as SourceTransformationSimulation);
        }
      : null,
    messages: (signal) => newestMessages(app, signal),
    eventTypes: async () => [],
    example: async () => "{}",
  };
}

async function newestMessages(app: string, signal: AbortSignal): Promise<readonly SampleMessage[]> {
  if (!may("v1.message.list")) return [];
  const path = `/app/${encode(app)}/msg?with_content=false&limit=${MESSAGES}`;
  return (await getJson<ListOf<Message>>(path, signal)).data;
}

import { useId, useState } from "preact/hooks";
import type { Endpoint, EndpointCreation, Source } from "../../../src/api/types.ts";
import { CreateEndpointForm } from "../../kit/endpoint/form.tsx";
import { Confirm, Outcome } from "../../kit/parts/action.tsx";
import { Badge } from "../../kit/parts/badge.tsx";
import { Read, Section } from "../../kit/parts/section.tsx";
import type { Resource } from "../../kit/reading.ts";
import { counted } from "../../kit/words.ts";
import { getDetail } from "../api/endpoints.ts";
import { getEventTypes } from "../api/event-types.ts";
import { pendingText } from "../endpoints/overview.tsx";
import { sourceEndpointLink } from "../links.ts";
import { May } from "../parts/may.tsx";
import { useLoaded } from "../reload.ts";
import { may } from "../session.ts";
import { addEndpoint, deleteEndpoint, pauseEndpoint, pauseEndpoints, replayMissing } from "./api.ts";
import { NEW_SOURCE_ENDPOINT_FIELDS } from "./endpoint-fields.ts";
import style from "./endpoints.module.css";
import form from "./inline-form.module.css";
import { useAction } from "./use.ts";

interface EndpointsProps {
  readonly source: Source;
  readonly endpoints: Resource<readonly Endpoint[]>;
}

/** The endpoints of a source, to which its messages are sent. */
export function Endpoints({ source, endpoints }: EndpointsProps) {
  return (
    <Section title="Endpoints" aside={<PauseAll source={source} endpoints={endpoints.value ?? []} />}>
      <Read of={endpoints} lines={1}>
        {(all) => (
          <>
            {all.length === 0 && <p class="muted small">No endpoints. Requests are stored, but not passed on.</p>}
            <ul class={style.list}>
              {all.map((endpoint) => (
                <EndpointItem key={endpoint.id} source={source} endpoint={endpoint} />
              ))}
            </ul>
          </>
        )}
      </Read>
      <May operation="v1.ingest.endpoint.create">
        <AddEndpoint source={source.id} />
      </May>
    </Section>
  );
}

interface PauseAllProps {
  readonly source: Source;
  readonly endpoints: readonly Endpoint[];
}

/** Pauses the deliveries of a source, or resumes them. The source goes on receiving. */
function PauseAll({ source, endpoints }: PauseAllProps) {
  const action = useAction();
  // Endpoints that are not verified cannot be resumed.
  const verified = endpoints.filter((endpoint) => endpoint.verified);
  const active = verified.filter(({ paused }) => !paused);
  if (verified.length === 0 || !may("ingest.endpoint.patch")) return null;
  const pause = (some: readonly Endpoint[], paused: boolean) =>
    action.run(() => pauseEndpoints(source.id, some, paused));
  return (
    <div class="buttons">
      <Outcome action={action} />
      {active.length === 0 ? (
        <button type="button" class="outline small" disabled={action.busy} onClick={() => pause(verified, false)}>
          Resume {counted(verified.length, "endpoint")}
        </button>
      ) : (
        <Confirm
          label="Pause deliveries"
          confirm={`Pause ${counted(active.length, "endpoint")}`}
          action={action}
          onConfirm={() => pause(active, true)}
          question={`Pause ${counted(active.length, "endpoint")}? The source goes on receiving, and its messages wait until you resume.`}
        />
      )}
    </div>
  );
}

function AddEndpoint({ source }: { source: string }) {
  /** The number of endpoints that were added, so that the form is empty after each. */
  const [added, setAdded] = useState(0);
  const action = useAction();
  const add = async (endpoint: EndpointCreation) => {
    const isAdded = await action.run(async () => {
      const { warnings = [] } = await addEndpoint(source, endpoint);
      if (warnings.length > 0) throw new Error(warnings.map(({ detail }) => detail).join(" "));
    }, "The endpoint has been added.");
    if (isAdded) setAdded(added + 1);
    return isAdded;
  };
  return (
    <div class={form.frame}>
      <CreateEndpointForm
        key={added}
        fields={NEW_SOURCE_ENDPOINT_FIELDS}
        readEventTypes={getEventTypes}
        action={action}
        onSubmit={add}
      />
    </div>
  );
}

const HOUR_MS = 3_600_000;
const SPANS = [
  { label: "the last hour", ms: HOUR_MS },
  { label: "the last day", ms: 24 * HOUR_MS },
  { label: "the last week", ms: 7 * 24 * HOUR_MS },
] as const;

function EndpointItem({ source, endpoint }: { source: Source; endpoint: Endpoint }) {
  const id = useId();
  const [spanMs, setSpanMs] = useState<number>(SPANS[1].ms);
  const [times, setTimes] = useState(0);
  const replay = useAction();
  const pausing = useAction();
  const removal = useAction();
  const since = () => new Date(Date.now() - spanMs);
  const start = async () => {
    const started = await replay.run(
      () => replayMissing(source.appId, endpoint.id, since()),
      "The replay has started.",
    );
    if (started) setTimes(times + 1);
  };
  return (
    <li>
      <div>
        <a class="url" href={sourceEndpointLink(source.id, endpoint.id)}>
          <code>{endpoint.url}</code>
        </a>{" "}
        {endpoint.disabled && <Badge tone="bad">disabled</Badge>}
        {endpoint.paused && <Badge tone="wait">{endpoint.verified ? "paused" : "not verified"}</Badge>}
      </div>
      <div class={`buttons ${style.actions}`}>
        <May operation="v1.endpoint.replay-missing">
          <Confirm
            key={times}
            label="Replay"
            confirm="Start replay"
            action={replay}
            onConfirm={start}
            question={
              <>
                <label for={id}>Send this endpoint the messages that it was never sent, from</label>
                <select id={id} value={spanMs} onChange={(event) => setSpanMs(Number(event.currentTarget.value))}>
                  {SPANS.map(({ label, ms }) => (
                    <option key={ms} value={ms}>
                      {label}
                    </option>
                  ))}
                </select>
              </>
            }
          />
        </May>
        <May operation="ingest.endpoint.patch">
          <button
            type="button"
            class="outline"
            disabled={pausing.busy || !endpoint.verified}
            onClick={() => pausing.run(() => pauseEndpoint(source.id, endpoint.id, !endpoint.paused))}
          >
            {endpoint.paused ? "Resume" : "Pause"}
          </button>
        </May>
        <May operation="v1.ingest.endpoint.delete">
          <Confirm
            label="Remove"
            confirm="Remove endpoint"
            isDestructive
            action={removal}
            onConfirm={() => removal.run(() => deleteEndpoint(source.id, endpoint.id))}
            question={<RemovalQuestion source={source} endpoint={endpoint} />}
          />
        </May>
      </div>
      <Outcome action={replay} />
      <Outcome action={pausing} />
      <Outcome action={removal} />
    </li>
  );
}

function RemovalQuestion({ source, endpoint }: { source: Source; endpoint: Endpoint }) {
  const key = { app: source.appId, endpoint: endpoint.id };
  const [detail] = useLoaded(endpoint.id, (signal) => getDetail(key, signal));
  return (
    <>
      Remove 1 endpoint, <span class="url">{endpoint.url}</span>? No further messages are sent to it
      {detail.value === null
        ? ", and its pending deliveries are cancelled."
        : `, and ${pendingText(detail.value)} pending ${detail.value.pending === 1 ? "delivery is" : "deliveries are"} cancelled.`}
    </>
  );
}

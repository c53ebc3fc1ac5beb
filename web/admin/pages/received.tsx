import type { ComponentChildren } from "preact";
import { useId, useState } from "preact/hooks";
import type { Source } from "../../../src/api/types.ts";
import { bytesOfBase64 } from "../../kit/bytes.ts";
import { curlCommand } from "../../kit/curl.ts";
import { Outcome } from "../../kit/parts/action.tsx";
import { Badge } from "../../kit/parts/badge.tsx";
import { BodyView } from "../../kit/parts/body-view.tsx";
import { CopyButton } from "../../kit/parts/copy-button.tsx";
import { Fact } from "../../kit/parts/fact.tsx";
import { HeaderList } from "../../kit/parts/header-list.tsx";
import { Instant } from "../../kit/parts/instant.tsx";
import { Read, Section } from "../../kit/parts/section.tsx";
import { useOnce } from "../../kit/reading.ts";
import { resend } from "../api/messages.ts";
import { SOURCES, sourceLink } from "../links.ts";
import { Attempts } from "../messages/attempts.tsx";
import { Deliveries } from "../messages/deliveries.tsx";
import { May } from "../parts/may.tsx";
import { useResource } from "../resource.ts";
import { getBody, getEndpoints, getLogEntry, getMessage, getSource } from "../sources/api.ts";
import form from "../sources/inline-form.module.css";
import { useAction } from "../sources/use.ts";
import { causeWords, stateWords } from "../sources/words.ts";

/** Maximum size of a body that is put into a command, in bytes. */
const CURL_BYTES_MAX = 1024 * 1024;

/** Shows a request that a source has stored as a message. */
export function ReceivedPage({ source, message }: { source: string; message: string }) {
  const found = useOnce(source, (signal) => getSource(source, signal));
  return (
    <Frame source={source} name={found.value?.name ?? source}>
      <Read of={found}>{(found) => <Stored source={found} message={message} />}</Read>
    </Frame>
  );
}

function Stored({ source, message: id }: { source: Source; message: string }) {
  const { appId } = source;
  const message = useOnce(id, (signal) => getMessage(appId, id, signal));
  const body = useOnce(id, (signal) => getBody(appId, id, signal));
  return (
    <Read of={message}>
      {({
        eventType,
        eventId,
        timestamp,
        verification = "unattempted",
        verificationCause,
        method = "",
        path = "/",
        headers = {},
      }) => (
        <>
          <h1>{eventType}</h1>
          <dl class="facts">
            <Fact name="Result">
              <Badge tone={stateWords[verification].tone}>{stateWords[verification].word}</Badge>{" "}
              <span class="muted small">{stateWords[verification].text}</span>
              {verificationCause != null && <> Cause: {causeWords(verificationCause)}.</>}
            </Fact>
            <Fact name="Request">
              <code class="url">
                {method} {path}
              </code>
            </Fact>
            <Fact name="Received">
              <Instant at={timestamp} />
            </Fact>
            <Fact name="Message">
              <span class="mono">{id}</span>
            </Fact>
            {eventId !== null && (
              <Fact name="Event ID">
                <span class="mono">{eventId}</span>
              </Fact>
            )}
          </dl>
          <Deliveries app={appId} message={id} />
          <May operation="v1.message-attempt.resend">
            <SendTo source={source} message={id} />
          </May>
          <Attempts app={appId} message={id} body={body.value} />
          <Section title="Headers">
            <HeaderList headers={headers} />
          </Section>
          <Section
            title="Body"
            aside={
              body.value !== null && (
                <CopyAsCurl source={source} request={{ method, path, headers, body: body.value }} />
              )
            }
          >
            <Read of={body}>{(bytes) => <BodyView bytes={bytes} />}</Read>
          </Section>
        </>
      )}
    </Read>
  );
}

/** Sends a message to any endpoint of its source, also to one that was added later. */
function SendTo({ source, message }: { source: Source; message: string }) {
  const id = useId();
  const endpoints = useResource(source.id, (signal) => getEndpoints(source.id, signal), ["endpoints"]).value ?? [];
  const [chosen, setChosen] = useState<string | null>(null);
  const action = useAction();
  if (endpoints.length === 0) return null;
  const endpoint = chosen ?? endpoints[0]!.id;
  return (
    <section class={form.frame}>
      <label for={id}>Send to an endpoint</label>
      <div class={form.line}>
        <select id={id} value={endpoint} onChange={(event) => setChosen(event.currentTarget.value)}>
          {endpoints.map(({ id, url }) => (
            <option key={id} value={id}>
              {url}
            </option>
          ))}
        </select>
        <button
          type="button"
          class="outline small"
          disabled={action.busy}
          onClick={() => action.run(() => resend(source.appId, message, endpoint), "Sending requested.")}
        >
          Send
        </button>
      </div>
      <Outcome action={action} />
    </section>
  );
}

/** Shows a request that a source has refused. */
export function RefusedPage({ source, entry }: { source: string; entry: string }) {
  const found = useOnce(source, (signal) => getSource(source, signal));
  return (
    <Frame source={source} name={found.value?.name ?? source}>
      <Read of={found}>{(found) => <Refused source={found} entry={entry} />}</Read>
    </Frame>
  );
}

function Refused({ source, entry: id }: { source: Source; entry: string }) {
  const entry = useOnce(id, (signal) => getLogEntry(source.id, id, signal));
  return (
    <Read of={entry}>
      {({ cause, error_text, status_code, method, path, address, headers, created_at, payload, payloadBase64 }) => {
        const body = payloadBase64 === undefined ? new TextEncoder().encode(payload) : bytesOfBase64(payloadBase64);
        const isCut = body.length < Number(headers["content-length"] ?? 0);
        return (
          <>
            <h1>Refused: {causeWords(cause)}</h1>
            <p>{error_text}</p>
            <p class="muted small">
              The sender got status {status_code}. A refused request is not stored as a message, so it cannot be sent to
              an endpoint.
            </p>
            <dl class="facts">
              <Fact name="Result">
                <Badge tone="bad">{`refused ${status_code}`}</Badge>
              </Fact>
              <Fact name="Request">
                <code class="url">
                  {method} {path}
                </code>
              </Fact>
              <Fact name="Sender">
                <span class="mono">{address}</span>
              </Fact>
              <Fact name="Received">
                <Instant at={created_at} />
              </Fact>
            </dl>
            <Section title="Headers">
              <HeaderList headers={headers} />
            </Section>
            <Section
              title="Body"
              aside={!isCut && <CopyAsCurl source={source} request={{ method, path, headers, body }} />}
            >
              {isCut && <p class="muted small">The log keeps only the first 16 KiB of a body.</p>}
              <BodyView bytes={body} />
            </Section>
          </>
        );
      }}
    </Read>
  );
}

interface CopyAsCurlProps {
  readonly source: Source;
  readonly request: Omit<Parameters<typeof curlCommand>[0], "url">;
}

function CopyAsCurl({ source: { ingestUrl }, request }: CopyAsCurlProps) {
  if (ingestUrl === null || request.body.length > CURL_BYTES_MAX) return null;
  return <CopyButton text={curlCommand({ ...request, url: ingestUrl })} label="Copy as curl" />;
}

function Frame({ source, name, children }: { source: string; name: string; children: ComponentChildren }) {
  return (
    <>
      <nav aria-label="Breadcrumb" class="breadcrumb">
        <a href={SOURCES}>Sources</a> <a href={sourceLink(source)}>{name}</a>
      </nav>
      {children}
    </>
  );
}

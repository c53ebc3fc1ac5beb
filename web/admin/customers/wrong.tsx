import type { ComponentChildren } from "preact";
import type { Attempt, EnvironmentEndpoint } from "../../../src/api/types.ts";
import { now } from "../../kit/clock.ts";
import { formatDuration } from "../../kit/format.ts";
import { Badge } from "../../kit/parts/badge.tsx";
import { Instant } from "../../kit/parts/instant.tsx";
import { DISABLED_CAUSES, reasonText } from "../../kit/reasons.ts";
import { counted } from "../../kit/words.ts";
import { deadLettersLink, endpointLink, messageLink, messagesLink, newEndpointLink } from "../links.ts";
import { overview } from "../live.ts";
import { May } from "../parts/may.tsx";
import { diagnose, type Finding, type Known, type MissedCause, toneOf } from "./diagnosis.ts";
import { atLeast } from "./numbers.ts";
import { customerTab } from "./tabs.ts";
import style from "./wrong.module.css";

/** Says why a customer gets no messages, or that nothing is wrong. */
export function WhatIsWrong({ app, known }: { app: string; known: Known }) {
  const findings = diagnose(known, overview.value?.attention ?? [], now.value);
  if (findings.length === 0) {
    return (
      <section class={style.box} data-tone="good" aria-label="What is wrong">
        <h2>Nothing is wrong</h2>
        <p>Every endpoint is healthy, there are no dead letters, and messages arrive.</p>
      </section>
    );
  }
  return (
    <section
      class={style.box}
      data-tone={findings.some((one) => toneOf(one) === "bad") ? "bad" : "wait"}
      aria-label="What is wrong"
    >
      <h2>What is wrong</h2>
      <ul>
        {findings.map((finding, at) => (
          <li key={`${finding.kind} ${at}`} data-tone={toneOf(finding)}>
            <Sentence app={app} finding={finding} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Sentence({ app, finding }: { app: string; finding: Finding }) {
  switch (finding.kind) {
    case "stopped":
      return (
        <p>
          {finding.entry.detail}
          {finding.entry.since !== null && (
            <>
              {" "}
              Since <Instant at={finding.entry.since} />.
            </>
          )}
        </p>
      );
    case "no endpoint":
      return (
        <p>
          The customer has no endpoint, so nothing can be delivered.{" "}
          <May operation="v1.endpoint.create">
            <a href={newEndpointLink(app)}>New endpoint</a>
          </May>
        </p>
      );
    case "endpoint":
      return <EndpointSentence app={app} {...finding} />;
    case "more endpoints":
      return (
        <p>
          <a href={customerTab(app, "endpoints")}>{counted(finding.count, "more endpoint")}</a> disabled, failing or
          paused.
        </p>
      );
    case "missed":
      return <MissedSentence app={app} {...finding} />;
    case "dead":
      return (
        <p>
          <a href={deadLettersLink({ app_id: app, reason: finding.reason })}>{atLeast(finding.count, "dead letter")}</a>
          : {reasonText(finding.reason)}.
        </p>
      );
    case "nothing accepted":
      return finding.since === null ? (
        <p>No message is stored for this customer: none was sent yet, or all are older than the retention time.</p>
      ) : (
        <p>
          No message was accepted
          <Since at={finding.since} />. Check whether your application still sends messages for this customer.
        </p>
      );
    case "nothing delivered":
      return (
        <p>
          Nothing was delivered in the last 24 hours, although{" "}
          <a href={messagesLink({ app_id: app })}>{counted(finding.accepted, "message")}</a> were accepted.
        </p>
      );
  }
}

/** Shows since when something is the case, and for how long. */
function Since({ at }: { at: string }) {
  const lastedMs = now.value - Date.parse(at);
  return (
    <>
      {" "}
      since <Instant at={at} />
      {lastedMs >= 60_000 && <span class="muted"> ({formatDuration(lastedMs)})</span>}
    </>
  );
}

interface EndpointSentenceProps {
  readonly app: string;
  readonly endpoint: EnvironmentEndpoint;
  readonly attempt: Attempt | null;
}

function EndpointSentence({ app, endpoint, attempt }: EndpointSentenceProps) {
  const { id, url, state } = endpoint;
  return (
    <>
      <p>
        <Badge tone={state === "paused" ? "wait" : "bad"}>{state}</Badge> The endpoint{" "}
        <a class="url" href={endpointLink(app, id)} title={url}>
          {url.length > URL_CHARS ? `${url.slice(0, URL_CHARS)}…` : url}
        </a>{" "}
        <EndpointState endpoint={endpoint} />.
      </p>
      {attempt !== null && state !== "paused" && <AttemptSentence attempt={attempt} />}
    </>
  );
}

function EndpointState({
  endpoint: { state, disabledAt, disabledCause, failingSince },
}: {
  endpoint: EnvironmentEndpoint;
}) {
  if (state === "paused") return <>is paused: its messages are queued and not sent</>;
  if (state === "failing") {
    return <>has failed{failingSince !== null && <Since at={failingSince} />}; its messages are retried</>;
  }
  return (
    <>
      has been disabled
      {disabledAt !== null && <Since at={disabledAt} />}
      {disabledCause !== null && `, ${DISABLED_CAUSES[disabledCause]}`}: it gets no new messages
    </>
  );
}

function AttemptSentence({ attempt: { timestamp, responseStatusCode, reason, response } }: { attempt: Attempt }) {
  const result = [
    responseStatusCode === 0 ? "" : `status ${responseStatusCode}`,
    reason === null || reason.startsWith("status_") ? "" : reasonText(reason),
  ];
  const text = response.trim();
  return (
    <p class={style.detail}>
      Latest attempt <Instant at={timestamp} />: {result.filter((part) => part !== "").join(", ") || "no response"}
      {text !== "" && (
        <>
          {" "}
          <code class={style.response}>{text.slice(0, RESPONSE_CHARS)}</code>
        </>
      )}
    </p>
  );
}

const RESPONSE_CHARS = 200;
const URL_CHARS = 120;

function MissedSentence({ app, count, of, newest, causes }: { app: string } & Extract<Finding, { kind: "missed" }>) {
  return (
    <>
      <p>
        {count === of
          ? `None of the latest ${counted(of, "message")}`
          : `${counted(count, "message")} of the latest ${of}`}
        {count === of ? " went to an endpoint." : " went to no endpoint."} The newest is{" "}
        <a href={messageLink(app, newest.id)}>{newest.eventType}</a>, <Instant at={newest.timestamp} />.
      </p>
      {causes.length > 0 && (
        <p class={style.detail}>{causes.map((cause) => causeText(cause, newest.eventType)).join("; ")}.</p>
      )}
    </>
  );
}

function causeText({ reason, endpoints }: MissedCause, eventType: string): ComponentChildren {
  const subject = counted(endpoints, "endpoint");
  const [is, does, was] = endpoints === 1 ? ["is", "does", "was"] : ["are", "do", "were"];
  switch (reason) {
    case "disabled":
      return `${subject} ${is} disabled`;
    case "event_type":
      return `${subject} ${does} not subscribe to the type ${eventType}`;
    case "channel":
      return `${subject} ${does} not subscribe to its channels`;
    case "filter":
      return `${subject} ${endpoints === 1 ? "excludes" : "exclude"} it by a filter`;
    case "created_later":
      return `${subject} ${was} created later`;
    default:
      return `${subject} would get the message now`;
  }
}

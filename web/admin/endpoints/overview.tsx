import type { Attempt, Endpoint, EndpointDetail } from "../../../src/api/types.ts";
import { formatCount, formatDecimal, formatDuration } from "../../kit/format.ts";
import { AttemptResult } from "../../kit/parts/attempt-table.tsx";
import { Body } from "../../kit/parts/code.tsx";
import { Fact } from "../../kit/parts/fact.tsx";
import { Instant, Upcoming } from "../../kit/parts/instant.tsx";
import { CardSection, Read } from "../../kit/parts/section.tsx";
import { type EndpointKey, getAttempts, getDeadLetters, getStats } from "../api/endpoints.ts";
import { deadLettersLink, endpointLink, messageLink } from "../links.ts";
import { May } from "../parts/may.tsx";
import { useResource } from "../resource.ts";
import style from "./endpoint.module.css";
import { Health } from "./health.tsx";
import { Replay } from "./replay.tsx";
import { TestEvent } from "./test-event.tsx";

/** Characters of a response that the overview shows. The attempt shows more. */
const EXCERPT_CHARS_MAX = 500;

interface OverviewProps {
  readonly of: EndpointKey;
  /** Null while it is loading, like its detail. */
  readonly endpoint: Endpoint | null;
  readonly detail: EndpointDetail | null;
}

/** Shows how an endpoint does, and what can be done about it. */
export function Overview({ of, endpoint, detail }: OverviewProps) {
  return (
    <>
      <Numbers of={of} detail={detail} />
      <LastResponse of={of} isPaused={endpoint?.paused ?? false} />
      <Health of={of} />
      {endpoint !== null && (
        <div class={style.columns}>
          <May operation="v1.endpoint.send-example">
            <TestEvent of={of} endpoint={endpoint} />
          </May>
          <May operation="v1.endpoint.recover">
            <Replay of={of} endpoint={endpoint} />
          </May>
        </div>
      )}
    </>
  );
}

function Numbers({ of, detail }: Pick<OverviewProps, "of" | "detail">) {
  const key = `${of.app} ${of.endpoint}`;
  const stats = useResource(key, (signal) => getStats(of, signal), ["deliveries"]).value;
  const dead = useResource(key, (signal) => getDeadLetters(of, 1, signal), ["deadLetters"]).value;
  const attempts = stats === null ? null : stats.success + stats.fail;
  return (
    <dl class="facts">
      <Fact name="Succeeded in 28 days">{stats === null ? "–" : formatCount(stats.success)}</Fact>
      <Fact name="Failed in 28 days">
        {stats === null ? "–" : <a href={endpointLink(of.app, of.endpoint, "attempts")}>{formatCount(stats.fail)}</a>}
      </Fact>
      <Fact name="Success rate">{attempts ? `${formatDecimal(100 * (stats!.success / attempts))} %` : "–"}</Fact>
      {stats?.consumers !== undefined && <Fact name="Connected consumers">{formatCount(stats.consumers)}</Fact>}
      <Fact name="Waiting">{detail === null ? "–" : pendingText(detail)}</Fact>
      <Fact name="Dead letters">
        {dead === null ? (
          "–"
        ) : (
          <a
            class={dead.total > 0 ? "bad" : undefined}
            href={deadLettersLink({ app_id: of.app, endpoint_id: of.endpoint })}
          >
            {formatCount(dead.total)}
          </a>
        )}
        {dead !== null && dead.total > 0 && (
          <May operation="dead-letter.redrive">
            {" "}
            <a class="small" href={deadLettersLink({ app_id: of.app, endpoint_id: of.endpoint })}>
              Redrive
            </a>
          </May>
        )}
      </Fact>
    </dl>
  );
}

/** The number of pending deliveries at which the server stops counting. */
const PENDING_MAX = 10_000;

/** Returns how many deliveries wait. */
export function pendingText({ pending }: Pick<EndpointDetail, "pending">): string {
  return pending < PENDING_MAX ? formatCount(pending) : `${formatCount(pending)} or more`;
}

function LastResponse({ of, isPaused }: { of: EndpointKey; isPaused: boolean }) {
  const latest = useResource(`${of.app} ${of.endpoint}`, (signal) => getAttempts(of, { limit: "1" }, signal), [
    "deliveries",
  ]);
  return (
    <CardSection title="Last response">
      <Read of={latest} lines={2}>
        {({ data: [attempt] }) =>
          attempt === undefined ? (
            <p class="muted">No attempts yet.</p>
          ) : (
            <Response of={of} attempt={attempt} isPaused={isPaused} />
          )
        }
      </Read>
    </CardSection>
  );
}

function Response({ of, attempt, isPaused }: { of: EndpointKey; attempt: Attempt; isPaused: boolean }) {
  const { responseStatusCode, response } = attempt;
  return (
    <div class={style.response}>
      <dl class="facts">
        <Fact name="Result">
          <AttemptResult of={attempt} />
        </Fact>
        <Fact name="When">
          <Instant at={attempt.timestamp} />
        </Fact>
        <Fact name="Duration">{formatDuration(attempt.responseDurationMs)}</Fact>
        <Fact name="Next attempt">
          {attempt.nextAttempt === null ? (
            <span class="muted">none</span>
          ) : isPaused ? (
            "when it is resumed"
          ) : (
            <Upcoming at={attempt.nextAttempt} />
          )}
        </Fact>
        <Fact name="Message">
          <a href={messageLink(of.app, attempt.msgId)}>Show the message</a>
        </Fact>
      </dl>
      {attempt.note !== null && <p class="muted small">{attempt.note}</p>}
      {response === "" ? (
        <p class="muted small">{responseStatusCode === 0 ? "There was no response." : "The response has no body."}</p>
      ) : (
        <Body text={response.slice(0, EXCERPT_CHARS_MAX)} />
      )}
    </div>
  );
}

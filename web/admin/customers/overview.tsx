import { useMemo } from "preact/hooks";
import type { Application, ApplicationDetail, Timeseries } from "../../../src/api/types.ts";
import { formatCount } from "../../kit/format.ts";
import { Chart, type Series, usePlot } from "../../kit/parts/chart.tsx";
import { CopyButton } from "../../kit/parts/copy-button.tsx";
import { Fact } from "../../kit/parts/fact.tsx";
import { Instant } from "../../kit/parts/instant.tsx";
import { QuotaSection } from "../../kit/parts/quota.tsx";
import { CardSection, Read } from "../../kit/parts/section.tsx";
import { counted } from "../../kit/words.ts";
import { getQuota } from "../api/customers.ts";
import { endpointsLink, messagesLink } from "../links.ts";
import { useResource } from "../resource.ts";
import { endpointsOf, lastDeliveredHour } from "./diagnosis.ts";
import { loadKnown } from "./load.ts";
import { orMore } from "./numbers.ts";
import style from "./overview.module.css";
import { customerTab } from "./tabs.ts";
import { WhatIsWrong } from "./wrong.tsx";

const HOURS_SHOWN = 24;

interface CustomerOverviewProps {
  /** The id or uid in the address, with which the numbers are loaded while the customer is. */
  readonly app: string;
  readonly customer: Application | null;
}

export function CustomerOverview({ app: named, customer }: CustomerOverviewProps) {
  usePlot();
  const app = customer?.id ?? named;
  const known = useResource(named, (signal) => loadKnown(named, signal), [app, "endpoints", "deadLetters"]);
  const quota = useResource(app, (signal) => getQuota(app, signal), [app, "endpoints"]);
  return (
    <>
      <Read of={known} lines={8}>
        {(all) => (
          <>
            <WhatIsWrong app={app} known={all} />
            <Numbers app={app} numbers={all.numbers} hours={all.hours} />
            <LastDay hours={all.hours} />
          </>
        )}
      </Read>
      <QuotaSection usage={quota.value} />
      {customer !== null && <Identity customer={customer} />}
    </>
  );
}

interface NumbersProps {
  readonly app: string;
  readonly numbers: ApplicationDetail;
  readonly hours: Timeseries["data"];
}

function Numbers({ app, numbers, hours }: NumbersProps) {
  const { lastMessageAt, pending, dead, messages, endpoints } = numbers;
  const delivered = lastDeliveredHour(hours);
  const troubled = (["failing", "disabled", "paused"] as const).filter((state) => endpoints[state] > 0);
  return (
    <dl class={style.numbers}>
      <Fact name="Last message accepted">{lastMessageAt === null ? "none" : <Instant at={lastMessageAt} />}</Fact>
      <Fact name="Last delivery">
        {delivered === null ? (
          "none in 7 days"
        ) : (
          <>
            in the hour from <Instant at={delivered} />
          </>
        )}
      </Fact>
      <Fact name="Endpoints">
        <a href={customerTab(app, "endpoints")}>{formatCount(endpointsOf(numbers))}</a>
        {troubled.map((state) => (
          <span key={state}>
            {", "}
            <a class="bad" href={endpointsLink({ app_id: app, state })}>
              {formatCount(endpoints[state])} {state}
            </a>
          </span>
        ))}
      </Fact>
      <Fact name="Messages stored">
        <a href={messagesLink({ app_id: app })}>{orMore(messages)}</a>
      </Fact>
      <Fact name="Pending deliveries">
        <a href={messagesLink({ app_id: app, state: "pending" })}>{orMore(pending)}</a>
      </Fact>
      <Fact name="Dead letters">
        <a href={customerTab(app, "dead-letters")}>{orMore(dead)}</a>
      </Fact>
    </dl>
  );
}

function LastDay({ hours }: { hours: Timeseries["data"] }) {
  const day = hours.slice(-HOURS_SHOWN);
  const shape = JSON.stringify(day);
  // The chart draws again when the arrays change, so they change only with the counts.
  const { atMs, series } = useMemo(() => chartOf(day), [shape]);
  const total = (name: "accepted" | "delivered" | "failed" | "dead") => day.reduce((sum, hour) => sum + hour[name], 0);
  return (
    <CardSection
      title="Last 24 hours"
      about={`${counted(total("accepted"), "message")} accepted, ${counted(total("delivered"), "delivery", "deliveries")}, ${counted(total("failed"), "failed attempt")}, ${counted(total("dead"), "new dead letter")}`}
    >
      <Chart label="Per hour" atMs={atMs} series={series} format={formatCount} />
    </CardSection>
  );
}

function chartOf(day: Timeseries["data"]): { atMs: readonly number[]; series: readonly Series[] } {
  return {
    atMs: day.map(({ startAt }) => Date.parse(startAt)),
    series: [
      { label: "Accepted", tone: "accent", values: day.map(({ accepted }) => accepted) },
      { label: "Delivered", tone: "good", values: day.map(({ delivered }) => delivered) },
      { label: "Failed attempts", tone: "bad", values: day.map(({ failed }) => failed) },
    ],
  };
}

function Identity({ customer: { id, uid, throttleRate, metadata, createdAt, updatedAt } }: { customer: Application }) {
  return (
    <CardSection title="Identity">
      <dl class="facts">
        <Fact name="ID">
          <code>{id}</code> <CopyButton text={id} />
        </Fact>
        {uid != null && (
          <Fact name="UID">
            <code>{uid}</code> <CopyButton text={uid} />
          </Fact>
        )}
        <Fact name="Attempts per second">
          {throttleRate == null ? "no limit" : `at most ${formatCount(throttleRate)}`}
        </Fact>
        <Fact name="Created">
          <Instant at={createdAt} />
        </Fact>
        <Fact name="Changed">
          <Instant at={updatedAt} />
        </Fact>
        {Object.entries(metadata).map(([name, value]) => (
          <Fact key={name} name={`Metadata: ${name}`}>
            {value}
          </Fact>
        ))}
      </dl>
    </CardSection>
  );
}

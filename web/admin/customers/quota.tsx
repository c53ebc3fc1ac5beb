import type { QuotaUsage } from "../../../src/api/types.ts";
import { formatBytes, formatCount } from "../../kit/format.ts";
import { Fact } from "../../kit/parts/fact.tsx";
import { TextField } from "../../kit/parts/field.tsx";
import { Instant } from "../../kit/parts/instant.tsx";
import { CardSection } from "../../kit/parts/section.tsx";
import { getQuota } from "../api/customers.ts";
import { useResource } from "../resource.ts";
import type { QuotaTexts } from "./quota-texts.ts";

/** Shows what a customer uses of its quota. Shows nothing if there is no limit. */
export function Quota({ app }: { app: string }) {
  const { value } = useResource(app, (signal) => getQuota(app, signal), [app, "endpoints"]);
  if (value === null || Object.values(value).every(({ limit }) => limit === null)) return null;
  const { endpoints, messagesPerDay, storedBytes } = value;
  return (
    <CardSection title="Quota" about="What exceeds the quota is refused.">
      <dl class="facts">
        {endpoints.limit !== null && (
          <Fact name="Endpoints">
            <Used {...endpoints} limit={endpoints.limit} format={formatCount} />
          </Fact>
        )}
        {messagesPerDay.limit !== null && (
          <Fact name="Messages today">
            <Used {...messagesPerDay} limit={messagesPerDay.limit} format={formatCount} />
            {messagesPerDay.endsAt !== null && (
              <>
                {", counted until "}
                <Instant at={messagesPerDay.endsAt} />
              </>
            )}
          </Fact>
        )}
        {storedBytes.limit !== null && (
          <Fact name="Stored payloads">
            <Used {...storedBytes} limit={storedBytes.limit} format={formatBytes} />
          </Fact>
        )}
      </dl>
    </CardSection>
  );
}

interface UsedProps {
  readonly used: QuotaUsage["storedBytes"]["used"];
  readonly limit: number;
  readonly format: (amount: number) => string;
}

function Used({ used, limit, format }: UsedProps) {
  const isFull = used !== null && used >= limit;
  return (
    <span class={isFull ? "bad" : undefined}>
      {used === null ? `being counted, at most ${format(limit)}` : `${format(used)} of ${format(limit)}`}
    </span>
  );
}

interface QuotaFieldsProps {
  readonly texts: QuotaTexts;
  /** What is wrong with each limit, by name. */
  readonly problems: Readonly<Record<string, string>>;
  readonly onChange: (texts: QuotaTexts) => void;
}

/** The fields for the quota of a customer. */
export function QuotaFields({ texts, problems, onChange }: QuotaFieldsProps) {
  return (
    <>
      <TextField
        label="Endpoints at most"
        isOptional
        value={texts.endpoints}
        problem={problems["quota.endpoints"] ?? null}
        input={{ inputMode: "numeric", placeholder: "the server's default" }}
        onInput={(endpoints) => onChange({ ...texts, endpoints })}
      />
      <TextField
        label="Messages per day at most"
        isOptional
        value={texts.messagesPerDay}
        problem={problems["quota.messagesPerDay"] ?? null}
        help="A day begins at midnight UTC. Further messages are refused."
        input={{ inputMode: "numeric", placeholder: "the server's default" }}
        onInput={(messagesPerDay) => onChange({ ...texts, messagesPerDay })}
      />
      <TextField
        label="Stored payloads at most"
        isOptional
        value={texts.storedBytes}
        problem={problems["quota.storedBytes"] ?? null}
        help="A size such as 500 MiB or 10 GiB, or a number of bytes. Further messages are refused."
        input={{ placeholder: "the server's default" }}
        onInput={(storedBytes) => onChange({ ...texts, storedBytes })}
      />
    </>
  );
}

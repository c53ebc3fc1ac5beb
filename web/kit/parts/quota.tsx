import type { QuotaUsage } from "../../../src/api/types.ts";
import { formatBytes, formatCount } from "../format.ts";
import { Fact } from "./fact.tsx";
import { Instant } from "./instant.tsx";
import { CardSection } from "./section.tsx";

/** Shows what a customer uses of its quota. Shows nothing if there is no limit or `usage` is null. */
export function QuotaSection({ usage }: { usage: QuotaUsage | null }) {
  if (usage === null || Object.values(usage).every(({ limit }) => limit === null)) return null;
  const { endpoints, messagesPerDay, storedBytes } = usage;
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
  readonly used: number | null;
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

import type { AttentionEntry } from "../../../src/api/types.ts";
import { formatCount } from "../../kit/format.ts";
import { Badge, type Tone } from "../../kit/parts/badge.tsx";
import { Instant } from "../../kit/parts/instant.tsx";
import { Loading } from "../../kit/parts/notice.tsx";
import { Section } from "../../kit/parts/section.tsx";
import { WithCode } from "../../kit/parts/with-code.tsx";
import { reasonText } from "../../kit/reasons.ts";
import { counted } from "../../kit/words.ts";
import { deadLettersLink, endpointLink, endpointsLink, messagesLink, SYSTEM, sourceLink } from "../links.ts";
import { overview } from "../live.ts";
import { type Cause, causeWords } from "../sources/words.ts";
import { isStopped } from "./banner.tsx";
import style from "./overview.module.css";

const TONES: Readonly<Record<AttentionEntry["severity"], Tone>> = { critical: "bad", warning: "wait", info: "idle" };

interface Words {
  readonly title: string;
  /** Leads to where the cause is found and removed. */
  readonly href: string;
}

/** Lists what needs an operator's attention, the most urgent first. */
export function NeedsAttention() {
  const current = overview.value;
  return (
    <Section title="Needs attention">
      {current === null ? <Loading /> : <Entries all={current.attention} total={current.attentionTotal} />}
    </Section>
  );
}

function Entries({ all, total }: { all: readonly AttentionEntry[]; total: number }) {
  const entries = all.filter((entry) => !isStopped(entry));
  if (entries.length === 0) {
    return (
      <p class={style.well} role="status">
        {all.length === 0
          ? "All is well: no endpoint fails, and nothing waits for you."
          : "Nothing else needs attention."}
      </p>
    );
  }
  return (
    <>
      <ul class={style.entries}>
        {entries.map((entry) => (
          <Entry key={[entry.kind, entry.endpointId, entry.sourceId, entry.reason].join(" ")} entry={entry} />
        ))}
      </ul>
      {total > all.length && (
        <p class={style.note}>
          {counted(total - all.length, "more entry", "more entries")}: see{" "}
          <a href={endpointsLink({ state: "failing" })}>failing</a>,{" "}
          <a href={endpointsLink({ state: "disabled" })}>disabled</a> and{" "}
          <a href={endpointsLink({ state: "paused" })}>paused</a> endpoints.
        </p>
      )}
    </>
  );
}

function Entry({ entry }: { entry: AttentionEntry }) {
  const { title, href } = wordsOf(entry);
  return (
    <li class={style.entry}>
      <Badge tone={TONES[entry.severity]}>{entry.severity}</Badge>
      <span class={style.words}>
        <a href={href}>{title}</a>
        <div class={style.detail}>
          <WithCode text={detailOf(entry)} />
        </div>
      </span>
      {entry.since !== null && (
        <span class={style.when}>
          since <Instant at={entry.since} />
        </span>
      )}
    </li>
  );
}

/** Returns the sentence of the API, with the text for a reason in place of its name. */
function detailOf({ kind, detail, count, reason }: AttentionEntry): string {
  if (kind === "source_refusing") {
    return `Every request since the last stored one failed its check: ${causeWords(reason as Cause)}.`;
  }
  if (reason == null) return detail;
  if (kind === "endpoint_failing") return `The latest attempt failed: ${reasonText(reason)}.`;
  if (kind !== "dead_letters") return detail;
  return `${counted(count ?? 0, "delivery", "deliveries")} failed for good: ${reasonText(reason)}.`;
}

function wordsOf(entry: AttentionEntry): Words {
  const { kind, url, appName, appId, endpointId, sourceId, sourceName, count, reason } = entry;
  switch (kind) {
    case "endpoint_failing":
    case "endpoint_disabled":
    case "endpoint_paused":
    case "endpoint_certificate_expiring":
    case "endpoint_unverified":
      return { title: `${appName}: ${url}`, href: endpointLink(appId ?? "", endpointId ?? "") };
    case "source_refusing":
    case "source_certificate_expiring":
      return { title: `Source ${sourceName}`, href: sourceLink(sourceId ?? "") };
    case "dead_letters":
      return { title: `Dead letters: ${reasonText(reason ?? "")}`, href: deadLettersLink({ reason }) };
    case "backlog_growing":
      return {
        title: `Growing backlog: ${formatCount(count ?? 0)} pending deliveries`,
        // The endpoint of the oldest due delivery shows how long its responses take and how much waits for it.
        href: endpointId === undefined ? messagesLink({ state: "pending" }) : endpointLink(appId ?? "", endpointId),
      };
    case "store_damaged":
      return { title: "Damaged data", href: SYSTEM };
    case "disk_low":
      return { title: "Little space on the disk", href: SYSTEM };
    case "certificate_expiring":
      return { title: "The certificate of this server ends", href: SYSTEM };
    case "backup_failed":
      return { title: "No recent backup", href: SYSTEM };
    case "replica_failed":
      return { title: "The replica cannot be written", href: SYSTEM };
    case "replica_behind":
      return { title: "The replica is behind", href: SYSTEM };
    case "clock_jumped":
      return { title: "The clock has jumped ahead", href: SYSTEM };
    default:
      return { title: kind, href: SYSTEM };
  }
}

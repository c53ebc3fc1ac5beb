import { useMemo, useState } from "preact/hooks";
import type { EventType } from "../../../src/api/types.ts";
import { grouped, matching } from "../../kit/endpoint/event-types.ts";
import { Badge } from "../../kit/parts/badge.tsx";
import { Body } from "../../kit/parts/code.tsx";
import { Empty } from "../../kit/parts/notice.tsx";
import { useOnce } from "../../kit/reading.ts";
import { getEventTypes, getExample } from "../api.ts";
import { Read, Section } from "../parts/section.tsx";

/** Shows the catalogue of event types, with schemas and examples. */
export function EventTypesPage() {
  const eventTypes = useOnce("event-types", (signal) => getEventTypes(true, signal));
  return (
    <>
      <h1>Event types</h1>
      <p class="muted about">The events that you can receive, with their payloads.</p>
      <Read of={eventTypes} lines={6}>
        {(known) =>
          known.length === 0 ? (
            <Empty title="No event types yet">
              <p>An endpoint that is subscribed to all event types receives every message.</p>
            </Empty>
          ) : (
            <Catalogue known={known} />
          )
        }
      </Read>
    </>
  );
}

function Catalogue({ known }: { known: readonly EventType[] }) {
  const [search, setSearch] = useState("");
  const found = useMemo(() => matching(known, search), [known, search]);
  return (
    <>
      <div class="catalogue-search">
        <input
          class="search"
          type="search"
          aria-label="Search event types"
          placeholder="Search event types"
          value={search}
          onInput={(event) => setSearch(event.currentTarget.value)}
        />
        <span class="muted small" aria-live="polite">
          {found.length === 1 ? "1 event type" : `${found.length} event types`}
        </span>
      </div>
      {grouped(found).map(({ name, eventTypes }) => (
        <Section key={name} title={name}>
          <div class="catalogue">
            {eventTypes.map((eventType) => (
              <Entry key={eventType.name} eventType={eventType} />
            ))}
          </div>
        </Section>
      ))}
    </>
  );
}

function Entry({ eventType }: { eventType: EventType }) {
  const [open, setOpen] = useState(false);
  const { name, description, deprecated } = eventType;
  return (
    <details class="entry" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <span class="mono">{name}</span>
        {deprecated && <Badge tone="idle">deprecated</Badge>}
        <span class="muted small description">{description}</span>
      </summary>
      {open && <Content eventType={eventType} />}
    </details>
  );
}

/**
 * Shows the schema and example of an event type. Rendered only when expanded, because there may be
 * hundreds of event types.
 */
function Content({ eventType }: { eventType: EventType }) {
  const version = eventType.schemaVersions.at(-1);
  if (version === undefined) return <p class="muted small">This event type has no schema.</p>;
  return (
    <div class="entry-content">
      <Example name={eventType.name} />
      <div>
        <h3>Schema</h3>
        <Body text={JSON.stringify(eventType.schemas?.[version])} />
      </div>
    </div>
  );
}

function Example({ name }: { name: string }) {
  const example = useOnce(name, (signal) => getExample(name, signal));
  return (
    <div>
      <h3>Example {example.value?.generated && <span class="muted small">generated from the schema</span>}</h3>
      <Read of={example}>{({ payload }) => <Body text={JSON.stringify(payload)} />}</Read>
    </div>
  );
}

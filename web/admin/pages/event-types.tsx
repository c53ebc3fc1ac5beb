import type { EventType } from "../../../src/api/types.ts";
import { address } from "../../kit/address.ts";
import { type Column, DataTable } from "../../kit/parts/data-table.tsx";
import { type Filter, FilterBar } from "../../kit/parts/filter-bar.tsx";
import { Instant } from "../../kit/parts/instant.tsx";
import { Empty } from "../../kit/parts/notice.tsx";
import { PageHead } from "../../kit/parts/page-head.tsx";
import { Read } from "../../kit/parts/section.tsx";
import { counted } from "../../kit/words.ts";
import { getEventTypes, LISTED_MAX } from "../api/event-types.ts";
import style from "../event-types/list.module.css";
import { EventTypeState } from "../event-types/state.tsx";
import { EVENT_TYPE_IMPORT, eventTypeLink, NEW_EVENT_TYPE } from "../links.ts";
import { May } from "../parts/may.tsx";
import { useLoaded } from "../reload.ts";

/** Shows the event types, with a search and filters over all of them. */
export function EventTypesPage() {
  const [types] = useLoaded("", getEventTypes);
  return (
    <>
      <PageHead title="Event types" about="The kinds of messages that you send, with the schemas of their payloads.">
        <May operation="v1.event-type.import-openapi">
          <a class="button-link outline" href={EVENT_TYPE_IMPORT}>
            Import from OpenAPI
          </a>
        </May>
        <May operation="v1.event-type.create">
          <a class="button-link" href={NEW_EVENT_TYPE}>
            New event type
          </a>
        </May>
      </PageHead>
      <Read of={types}>{(all) => (all.length === 0 ? <NoEventTypes /> : <Listed all={all} />)}</Read>
    </>
  );
}

function Listed({ all }: { all: readonly EventType[] }) {
  const { search = "", archived = "", group } = address.value.query;
  const wanted = search.toLowerCase();
  const shown = all.filter(
    (type) =>
      `${type.name}\n${type.description}`.toLowerCase().includes(wanted) &&
      (archived === "" || type.archived === (archived === "yes")) &&
      (group === undefined || type.groupName === group),
  );
  return (
    <>
      <FilterBar filters={filtersOf(all)} />
      {shown.length === 0 ? (
        <Empty title="No event type matches">
          <p>Change or clear the filters.</p>
        </Empty>
      ) : (
        <DataTable label="Event types" columns={COLUMNS} rows={shown} keyOf={({ name }) => name} isLinked />
      )}
      <p class={`muted small ${style.count}`}>
        {counted(shown.length, "event type")}
        {all.length >= LISTED_MAX && ` of the first ${all.length}. The API lists the others.`}
      </p>
    </>
  );
}

function filtersOf(all: readonly EventType[]): readonly Filter[] {
  const groups = [...new Set(all.map(({ groupName }) => groupName))].filter((name) => name !== null).sort();
  return [
    { name: "search", label: "Search", kind: "text", placeholder: "Name or description" },
    {
      name: "archived",
      label: "Archived",
      kind: "choice",
      choices: [
        { value: "no", label: "hidden" },
        { value: "yes", label: "only these" },
      ],
    },
    { name: "group", label: "Group", kind: "choice", choices: groups.map((name) => ({ value: name, label: name })) },
  ];
}

const COLUMNS: readonly Column<EventType>[] = [
  { head: "Name", kind: "title", cell: ({ name }) => <a href={eventTypeLink(name)}>{name}</a> },
  { head: "Description", cell: ({ description }) => description || <span class="muted">none</span> },
  { head: "Group", kind: "extra", cell: ({ groupName }) => groupName ?? "" },
  { head: "Payloads", kind: "fit", cell: ({ schemaVersions, validation }) => schemaWords(schemaVersions, validation) },
  {
    head: "State",
    kind: "fit",
    cell: (type) => <EventTypeState of={type} />,
  },
  { head: "Changed", kind: "extra", cell: ({ updatedAt }) => <Instant at={updatedAt} /> },
];

function schemaWords(versions: readonly string[], validation: string): string {
  if (versions.length === 0) return "no schema";
  return `schema ${versions.at(-1)}, ${validation === "off" ? "not checked" : validation}`;
}

function NoEventTypes() {
  return (
    <Empty title="No event types yet">
      <p>Messages can be sent without them.</p>
      <May operation="v1.event-type.create">
        <p>
          <a href={NEW_EVENT_TYPE}>Create an event type</a> or{" "}
          <a href={EVENT_TYPE_IMPORT}>import them from an OpenAPI document</a>, so that customers see what they can
          subscribe to.
        </p>
      </May>
    </Empty>
  );
}

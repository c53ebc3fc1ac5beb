import type { PayloadVersion } from "../../../src/api/types.ts";
import { type Column, DataTable } from "../../kit/parts/data-table.tsx";
import { Instant } from "../../kit/parts/instant.tsx";
import { Empty } from "../../kit/parts/notice.tsx";
import { PageHead } from "../../kit/parts/page-head.tsx";
import { Read } from "../../kit/parts/section.tsx";
import { counted } from "../../kit/words.ts";
import { getPayloadVersions } from "../api/payload-versions.ts";
import { NEW_PAYLOAD_VERSION, payloadVersionLink } from "../links.ts";
import { May } from "../parts/may.tsx";
import { PayloadVersionState } from "../payload-versions/state.tsx";
import { useLoaded } from "../reload.ts";

/** Lists the payload versions of the environment, newest first. */
export function PayloadVersionsPage() {
  const [versions] = useLoaded("", getPayloadVersions);
  return (
    <>
      <PageHead
        title="Payload versions"
        about="The forms of your payloads. Each endpoint keeps the form that was the newest when it was added."
      >
        <May operation="payload-version.create">
          <a class="button-link" href={NEW_PAYLOAD_VERSION}>
            New payload version
          </a>
        </May>
      </PageHead>
      <Read of={versions}>
        {(all) =>
          all.length === 0 ? (
            <Empty title="No payload versions yet">
              <p>Create one before you change the form of your payloads, so that receivers keep the present one.</p>
            </Empty>
          ) : (
            <DataTable
              label="Payload versions"
              columns={COLUMNS}
              rows={all}
              keyOf={({ version }) => version}
              isLinked
            />
          )
        }
      </Read>
    </>
  );
}

const COLUMNS: readonly Column<PayloadVersion>[] = [
  { head: "Version", kind: "title", cell: ({ version }) => <a href={payloadVersionLink(version)}>{version}</a> },
  { head: "Description", cell: ({ description }) => description || <span class="muted">none</span> },
  { head: "Changes", kind: "fit", cell: ({ eventTypes }) => changedWords(eventTypes) },
  { head: "State", kind: "fit", cell: (version) => <PayloadVersionState of={version} /> },
  {
    head: "May be removed from",
    kind: "fit",
    cell: ({ sunsetAt }) => (sunsetAt === null ? <span class="muted">not planned</span> : <Instant at={sunsetAt} />),
  },
  { head: "Created", kind: "extra", cell: ({ createdAt }) => <Instant at={createdAt} /> },
];

function changedWords(eventTypes: readonly string[] | null): string {
  return eventTypes === null ? "all event types" : counted(eventTypes.length, "event type");
}

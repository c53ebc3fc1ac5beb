import type { DeadLetterGroup } from "../../../src/api/types.ts";
import { formatCount } from "../../kit/format.ts";
import type { Column } from "../../kit/parts/data-table.tsx";
import { Instant } from "../../kit/parts/instant.tsx";
import { reasonText } from "../../kit/reasons.ts";
import type { BulkAction } from "../api/dead-letters.ts";
import { customerLink, endpointLink } from "../links.ts";
import { May } from "../parts/may.tsx";
import style from "./dead-letters.module.css";
import { keyOfGroup } from "./selection.ts";

/** What is open on the page: an action on everything, or an action on or the letters of a group. */
export interface Open {
  /** The key of the group; null for everything that matches. */
  readonly group: string | null;
  readonly what: BulkAction | "letters";
}

export function columns(open: Open | null, setOpen: (open: Open | null) => void): readonly Column<DeadLetterGroup>[] {
  return [
    { head: "Customer and endpoint", kind: "title", cell: (group) => <Target of={group} /> },
    { head: "Event type", cell: ({ eventType }) => eventType },
    { head: "Reason", kind: "fit", cell: ({ reason }) => reasonText(reason) },
    { head: "Count", kind: "number", cell: ({ count }) => formatCount(count) },
    { head: "First and last", kind: "fit", cell: (group) => <FirstAndLast of={group} /> },
    {
      head: "Actions",
      kind: "actions",
      cell: (group) => {
        const key = keyOfGroup(group);
        const what = open?.group === key ? open.what : null;
        return (
          <div class={`buttons ${style.actions}`}>
            <button
              type="button"
              class="outline small"
              aria-expanded={what === "letters"}
              onClick={() => setOpen(what === "letters" ? null : { group: key, what: "letters" })}
            >
              Show
            </button>
            <ActionButtons open={what} onOpen={(next) => setOpen({ group: key, what: next })} />
          </div>
        );
      },
    },
  ];
}

interface ActionButtonsProps {
  readonly label?: string;
  readonly open: Open["what"] | null;
  readonly onOpen: (what: BulkAction) => void;
}

export function ActionButtons({ label = "", open, onOpen }: ActionButtonsProps) {
  return (
    <>
      <May operation="dead-letter.redrive">
        <button
          type="button"
          class="outline small"
          aria-expanded={open === "redrive"}
          onClick={() => onOpen("redrive")}
        >
          {`Redrive ${label}`.trim()}
        </button>
      </May>
      <May operation="dead-letter.drop">
        <button
          type="button"
          class="outline small danger"
          aria-expanded={open === "drop"}
          onClick={() => onOpen("drop")}
        >
          {`Drop ${label}`.trim()}
        </button>
      </May>
    </>
  );
}

function FirstAndLast({ of: { firstDeadAt, lastDeadAt } }: { of: DeadLetterGroup }) {
  return (
    <div>
      <div>
        <Instant at={firstDeadAt} />
      </div>
      <Instant at={lastDeadAt} />
    </div>
  );
}

function Target({ of: { appId, appName, endpointId, endpointDeleted, url } }: { of: DeadLetterGroup }) {
  return (
    <>
      <a href={customerLink(appId)}>{appName}</a>
      <div class={`small url ${style.url}`} title={url}>
        {endpointDeleted ? (
          <span class="muted">{url} (deleted)</span>
        ) : (
          <a href={endpointLink(appId, endpointId)}>{url}</a>
        )}
      </div>
    </>
  );
}

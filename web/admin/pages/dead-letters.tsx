import { useRef, useState } from "preact/hooks";
import type { BackgroundTask, DeadLetterSummary } from "../../../src/api/types.ts";
import { address, type Query } from "../../kit/address.ts";
import { formatCount } from "../../kit/format.ts";
import { DataTable } from "../../kit/parts/data-table.tsx";
import { type Filter, FilterBar } from "../../kit/parts/filter-bar.tsx";
import { LiveRows } from "../../kit/parts/live-rows.tsx";
import { Empty } from "../../kit/parts/notice.tsx";
import { PageHead } from "../../kit/parts/page-head.tsx";
import { Read } from "../../kit/parts/section.tsx";
import { REASONS } from "../../kit/reasons.ts";
import { counted } from "../../kit/words.ts";
import { type BulkAction, getDeadLetterSummary } from "../api/dead-letters.ts";
import { getTasks } from "../api/tasks.ts";
import { BulkQuestion } from "../dead-letters/bulk-question.tsx";
import { ActionButtons, columns, type Open } from "../dead-letters/columns.tsx";
import style from "../dead-letters/dead-letters.module.css";
import { Letters } from "../dead-letters/letters.tsx";
import { keyOfGroup, queryOfGroup, type Selection, selectionOf, selectionOfGroup } from "../dead-letters/selection.ts";
import { endpointsLink } from "../links.ts";
import { refresh } from "../live.ts";
import { CUSTOMER_FILTER, ENDPOINT_FILTER, EVENT_TYPE_FILTER } from "../parts/choosing.tsx";
import { useLoaded } from "../reload.ts";
import { useResource } from "../resource.ts";
import { TaskCard } from "../tasks/task-view.tsx";

const FILTERS: readonly Filter[] = [
  {
    name: "reason",
    label: "Reason",
    kind: "choice",
    choices: Object.entries(REASONS).map(([value, label]) => ({ value, label })),
  },
  EVENT_TYPE_FILTER,
  CUSTOMER_FILTER,
  ENDPOINT_FILTER,
  { name: "after", label: "Died after", kind: "time" },
  { name: "before", label: "Died before", kind: "time" },
];

/** Numbers of groups that are shown at first and after each "Show more". The API returns no more than the last. */
const LIMITS = [50, 250, 1000] as const;

/** Shows the dead letters in groups, so that one decision can be made for each cause. */
export function DeadLettersPage() {
  const { query } = address.value;
  const own = Object.fromEntries(FILTERS.flatMap(({ name }) => (query[name] ? [[name, query[name]]] : [])));
  const key = JSON.stringify(own);
  const [started, setStarted] = useState<readonly string[]>([]);
  // A change of the limit keeps the groups that are shown until the others are loaded.
  const limit = useRef<{ key: string; max: number }>({ key, max: LIMITS[0] });
  if (limit.current.key !== key) limit.current = { key, max: LIMITS[0] };
  const read = async (signal: AbortSignal) => {
    const { max } = limit.current;
    return { ...(await getDeadLetterSummary(own, max, signal)), limit: max };
  };
  const summary = useResource(key, read, ["deadLetters", "tasks"]);
  return (
    <>
      <PageHead
        title="Dead letters"
        about="Deliveries that have failed for good, grouped by endpoint, event type and reason. A redrive sends them again."
      />
      <Tasks started={started} />
      <FilterBar filters={FILTERS} />
      <Read of={summary} lines={5}>
        {(found) =>
          found.groups.length === 0 ? (
            <Nothing isFiltered={Object.keys(own).length > 0} />
          ) : (
            <Groups
              key={key}
              found={found}
              filters={own}
              onMore={(max) => {
                limit.current = { key, max };
                refresh();
              }}
              onStart={(task) => {
                setStarted((before) => [task.id, ...before]);
                refresh();
              }}
            />
          )
        }
      </Read>
    </>
  );
}

function Nothing({ isFiltered }: { isFiltered: boolean }) {
  if (isFiltered) {
    return (
      <Empty title="No dead letter matches">
        <p>Change or clear the filters.</p>
      </Empty>
    );
  }
  return (
    <Empty title="No dead letters">
      <p>
        Deliveries appear here when they run out of attempts, or when their endpoint responds with 410 or is disabled.
        Those that still wait for a retry belong to the{" "}
        <a href={endpointsLink({ state: "failing" })}>failing endpoints</a>.
      </p>
    </Empty>
  );
}

/** The tasks on dead letters: those that ran when the page was opened, and those started on it. */
function Tasks({ started }: { started: readonly string[] }) {
  const [running] = useLoaded("running", (signal) => getTasks({ status: "running" }, null, signal));
  const earlier = (running.value?.data ?? []).filter(({ task }) => task.startsWith("dead-letter."));
  const ids = [...new Set([...started, ...earlier.map(({ id }) => id)])];
  if (ids.length === 0) return null;
  return (
    <div class={style.tasks}>
      {ids.map((id) => (
        <TaskCard key={id} id={id} onEnd={refresh} />
      ))}
    </div>
  );
}

interface GroupsProps {
  readonly found: DeadLetterSummary & { readonly limit: number };
  readonly filters: Query;
  /** Loads more groups: at most `limit`. */
  readonly onMore: (limit: number) => void;
  readonly onStart: (task: BackgroundTask) => void;
}

function Groups({ found, filters, onMore, onStart }: GroupsProps) {
  const [open, setOpen] = useState<Open | null>(null);
  // Rows do not move while one of them is open.
  const held = useRef(found);
  if (open === null) held.current = found;
  const { total, groups, groupsTotal, limit } = held.current;
  const ask = (kind: BulkAction, selection: Selection, about: string) => (
    <BulkQuestion
      key={kind}
      kind={kind}
      selection={selection}
      about={about}
      onClose={() => setOpen(null)}
      onStart={onStart}
    />
  );
  const isFiltered = Object.keys(filters).length > 0;
  return (
    <>
      <div class={style.all}>
        <p class="muted small">
          {counted(total, "dead letter")} in {counted(groupsTotal, "group")}
          {groups.length < groupsTotal && `. The ${formatCount(groups.length)} largest are shown`}
        </p>
        <div class="buttons">
          <ActionButtons
            label={isFiltered ? "all that match" : "all"}
            open={open?.group === null ? open.what : null}
            onOpen={(what) => setOpen({ group: null, what })}
          />
        </div>
      </div>
      {open?.group === null &&
        open.what !== "letters" &&
        ask(open.what, selectionOf(filters), isFiltered ? "that match the filters" : "of all customers")}
      <LiveRows key={limit} latest={{ data: groups }} keyOf={keyOfGroup} words={["group", "groups"]}>
        {({ data }) => (
          <DataTable
            label="Groups of dead letters"
            columns={columns(open, setOpen)}
            rows={data}
            keyOf={keyOfGroup}
            below={(group) => {
              if (open === null || open.group !== keyOfGroup(group)) return null;
              const about = `of ${group.appName} to ${group.url}`;
              return (
                <div class={style.open}>
                  {open.what === "letters" ? (
                    <Letters filters={queryOfGroup(group, filters)} label={`dead letters ${about}`} />
                  ) : (
                    ask(open.what, selectionOfGroup(group, filters), about)
                  )}
                </div>
              );
            }}
          />
        )}
      </LiveRows>
      {open === null && <More shown={groups.length} total={groupsTotal} limit={limit} onMore={onMore} />}
    </>
  );
}

interface MoreProps extends Pick<GroupsProps, "onMore"> {
  readonly shown: number;
  readonly total: number;
  readonly limit: number;
}

function More({ shown, total, limit, onMore }: MoreProps) {
  const [asked, setAsked] = useState(0);
  if (shown >= total) return null;
  const next = LIMITS.find((one) => one > limit);
  if (next === undefined) return <p class="muted small">Filter to see the other groups.</p>;
  const isLoading = asked === next;
  return (
    <button
      type="button"
      class="outline"
      aria-busy={isLoading}
      onClick={() => {
        setAsked(next);
        onMore(next);
      }}
    >
      {isLoading ? "Loading" : `Show ${formatCount(Math.min(next, total) - shown)} more groups`}
    </button>
  );
}

import { useEffect } from "preact/hooks";
import type { BackgroundTask } from "../../../src/api/types.ts";
import { type Column, DataTable } from "../../kit/parts/data-table.tsx";
import type { Filter } from "../../kit/parts/filter-bar.tsx";
import { Instant } from "../../kit/parts/instant.tsx";
import { Empty } from "../../kit/parts/notice.tsx";
import { PageHead } from "../../kit/parts/page-head.tsx";
import { Read, Section } from "../../kit/parts/section.tsx";
import { getTasks } from "../api/tasks.ts";
import { deadLettersLink, taskLink } from "../links.ts";
import { FilteredList } from "../parts/filtered-list.tsx";
import { useLoaded } from "../reload.ts";
import { TaskBadge, TaskProgress } from "../tasks/task-view.tsx";
import { kindOf, scopeOf, starterOf, TASK_KINDS } from "../tasks/words.ts";

const FILTERS: readonly Filter[] = [
  { name: "task", label: "Task", kind: "choice", choices: TASK_KINDS },
  {
    name: "status",
    label: "State",
    kind: "choice",
    choices: [
      { value: "finished", label: "finished" },
      { value: "failed", label: "failed or cancelled" },
    ],
  },
];

const COLUMNS: readonly Column<BackgroundTask>[] = [
  { head: "Task", kind: "title", cell: (task) => <a href={taskLink(task.id)}>{kindOf(task)}</a> },
  { head: "Customer", cell: (task) => <span class="url">{scopeOf(task)}</span> },
  { head: "State", kind: "fit", cell: (task) => <TaskBadge of={task} /> },
  { head: "Progress", cell: (task) => <TaskProgress of={task} /> },
  { head: "Started by", kind: "extra", cell: starterOf },
  { head: "Started", kind: "fit", cell: ({ createdAt }) => <Instant at={createdAt} /> },
];

/** Lists the background tasks: those that run first. */
export function TasksPage() {
  return (
    <>
      <PageHead
        title="Tasks"
        about="Work that continues in the background, also when this page is closed or the server restarts."
      />
      <RunningTasks />
      <Section title="Ended">
        <FilteredList
          label="tasks"
          topics={["tasks"]}
          filters={FILTERS}
          read={(filters, iterator, signal) => getTasks({ status: "ended", ...filters }, iterator, signal)}
          empty={(isFiltered) => (
            <Empty title={isFiltered ? "No task matches" : "No tasks have ended yet"}>
              {isFiltered ? (
                <p>Change or clear the filters.</p>
              ) : (
                <p>
                  Tasks are started by actions on many records, such as a redrive of{" "}
                  <a href={deadLettersLink()}>dead letters</a>. They are listed for 90 days.
                </p>
              )}
            </Empty>
          )}
        >
          {(tasks) => <DataTable label="Ended tasks" columns={COLUMNS} rows={tasks} keyOf={({ id }) => id} isLinked />}
        </FilteredList>
      </Section>
    </>
  );
}

/** Time between two readings of the running tasks. */
const POLL_MS = 2000;

function RunningTasks() {
  const [running, reload] = useLoaded("running", (signal) => getTasks({ status: "running" }, null, signal));
  useEffect(() => {
    const timer = setInterval(reload, POLL_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <Section title="Running">
      <Read of={running} lines={1}>
        {({ data, done }) =>
          data.length === 0 ? (
            <p class="muted">Nothing is running.</p>
          ) : (
            <>
              <DataTable label="Running tasks" columns={COLUMNS} rows={data} keyOf={({ id }) => id} isLinked />
              {!done && <p class="muted small">Only the {data.length} newest running tasks are shown.</p>}
            </>
          )
        }
      </Read>
    </Section>
  );
}

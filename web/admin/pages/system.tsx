import type { System } from "../../../src/api/types.ts";
import { download } from "../../kit/download.ts";
import { formatBytes, formatCount, formatDuration } from "../../kit/format.ts";
import { Outcome, useActionThen } from "../../kit/parts/action.tsx";
import { Badge } from "../../kit/parts/badge.tsx";
import { type Column, DataTable } from "../../kit/parts/data-table.tsx";
import { Fact } from "../../kit/parts/fact.tsx";
import { Instant } from "../../kit/parts/instant.tsx";
import { PageHead } from "../../kit/parts/page-head.tsx";
import { Read, Section } from "../../kit/parts/section.tsx";
import { getDiagnostics, getSystem, testNotices } from "../api/installation.ts";
import { useLoaded } from "../reload.ts";
import { DatabaseServer } from "../system/database-server.tsx";

/** Shows the versions, sizes and settings of the server. */
export function SystemPage() {
  const [system, reload] = useLoaded("", getSystem);
  const action = useActionThen(null);
  const bundle = () => action.run(async () => download("boathook-diagnostics.json", await getDiagnostics()), "Saved.");
  return (
    <>
      <PageHead title="System" about="The server itself. The diagnostic bundle contains no payloads and no secrets.">
        <button type="button" class="outline" onClick={reload}>
          Reload
        </button>
        <button type="button" class="outline" disabled={action.busy} onClick={bundle}>
          Download diagnostics
        </button>
        <Outcome action={action} />
      </PageHead>
      <Read of={system}>
        {(loaded) => (
          <>
            <Program of={loaded} />
            <Store of={loaded} />
            {loaded.database !== null && <DatabaseServer of={loaded.database} />}
            <Backups of={loaded} />
            <Notices of={loaded} />
            <Replica of={loaded} />
            <Section title="Settings">
              <DataTable label="Settings" columns={COLUMNS} rows={loaded.settings} keyOf={({ name }) => name} />
            </Section>
          </>
        )}
      </Read>
    </>
  );
}

function Program({ of: { version, commit, runtime, platform, startedAt, ...of } }: { of: System }) {
  const { delivery, memory, openFiles, connections, clock, settings } = of;
  const shard = settings.find(({ name }) => name === "shard")?.value ?? null;
  return (
    <Section title="Server">
      <dl class="facts">
        {shard !== null && <Fact name="Shard">{shard}</Fact>}
        <Fact name="Version">{commit === null ? version : `${version} (${commit.slice(0, 8)})`}</Fact>
        <Fact name="Runtime">{`${runtime}, ${platform}`}</Fact>
        <Fact name="Started">
          <Instant at={startedAt} />
        </Fact>
        <Fact name="Delivery">
          <Badge tone={delivery.state === "running" ? "good" : "wait"}>{delivery.state}</Badge>
        </Fact>
        <Fact name="Attempts under way">{outOf(delivery.attemptsUnderWay, delivery.attemptsMax)}</Fact>
        <Fact name="Memory">{memory.residentBytes === null ? "unknown" : formatBytes(memory.residentBytes)}</Fact>
        <Fact name="Open files">{outOf(openFiles.open, openFiles.max)}</Fact>
        <Fact name="Connections">{outOf(connections.open, connections.max)}</Fact>
        <Fact name="Clock">
          {clock.doubtedSince === null ? (
            "trusted"
          ) : (
            <>
              doubtful since <Instant at={clock.doubtedSince} />
            </>
          )}
        </Fact>
      </dl>
    </Section>
  );
}

function Store({ of: { store, retention } }: { of: System }) {
  const { commits } = store;
  const state = store.damaged ? "damaged" : store.failing ? "failing" : "healthy";
  return (
    <Section title="Store">
      <dl class="facts">
        <Fact name="State">
          <Badge tone={state === "healthy" ? "good" : "bad"}>{state}</Badge>
        </Fact>
        <Fact name="Engine">{store.engine}</Fact>
        {store.dataDir !== null && <Fact name="Directory">{store.dataDir}</Fact>}
        <Fact name="Database">{formatBytes(store.databaseBytes)}</Fact>
        {store.walBytes !== null && <Fact name="Write-ahead log">{formatBytes(store.walBytes)}</Fact>}
        {store.dataDir !== null && (
          <Fact name="Free disk space">
            {store.diskFreeBytes === null ? "unknown" : formatBytes(store.diskFreeBytes)}
          </Fact>
        )}
        <Fact name="Commits">
          {commits.p50Ms === null || commits.p99Ms === null
            ? "none in the last 5 minutes"
            : `p50 ${formatDuration(commits.p50Ms)}, p99 ${formatDuration(commits.p99Ms)}`}
        </Fact>
        <Fact name="Messages are kept for">{formatDuration(retention.retentionMs)}</Fact>
        <Fact name="Last clean-up">
          {retention.lastRunAt === null ? "not yet" : <Instant at={retention.lastRunAt} />}
        </Fact>
      </dl>
    </Section>
  );
}

function Backups({ of: { backups } }: { of: System }) {
  if (backups === null) return null;
  const { directory, everyMs, keep, newestAt, nextAt, failedAt, reason, isOverdue } = backups;
  const state = failedAt !== null ? "failed" : isOverdue ? "overdue" : "healthy";
  return (
    <Section title="Backups">
      <dl class="facts">
        <Fact name="State">
          <Badge tone={state === "healthy" ? "good" : "bad"}>{state}</Badge>
        </Fact>
        <Fact name="Directory">{directory}</Fact>
        <Fact name="Schedule">{`every ${formatDuration(everyMs)}, the newest ${formatCount(keep)} are kept`}</Fact>
        <Fact name="Newest backup">{newestAt === null ? "none" : <Instant at={newestAt} />}</Fact>
        <Fact name="Next backup">{nextAt === null ? "unknown" : <Instant at={nextAt} />}</Fact>
        {reason !== null && <Fact name="Reason">{reason}</Fact>}
      </dl>
    </Section>
  );
}

function Replica({ of: { replica } }: { of: System }) {
  if (replica === null) return null;
  const { location, sync, state, since, reason, lagMs, lagBytes, refusesMessages, copiedAt } = replica;
  return (
    <Section title="Replica">
      <dl class="facts">
        <Fact name="State">
          <Badge tone={state === "ok" ? "good" : "bad"}>{state === "ok" ? "healthy" : state}</Badge>
        </Fact>
        <Fact name="Location">{location}</Fact>
        <Fact name="Requests wait for it">{sync === "sync" ? "yes" : "no"}</Fact>
        <Fact name="Lag">{`${formatDuration(Math.round(lagMs))}, ${formatBytes(lagBytes)}`}</Fact>
        <Fact name="Newest complete copy">{copiedAt === null ? "none" : <Instant at={copiedAt} />}</Fact>
        {since !== null && (
          <Fact name="Since">
            <Instant at={since} />
          </Fact>
        )}
        {reason !== null && <Fact name="Reason">{reason}</Fact>}
        {refusesMessages && <Fact name="Messages">refused until the replica has caught up</Fact>}
      </dl>
    </Section>
  );
}

function Notices({ of: { notices } }: { of: System }) {
  const action = useActionThen(null);
  if (notices.length === 0) return null;
  const test = () =>
    action.run(async () => {
      const { channels } = await testNotices();
      const problems = channels.flatMap(({ channel, detail }) =>
        detail === null ? [] : [`${NAMES[channel]}: ${detail}`],
      );
      if (problems.length > 0) throw new Error(problems.join(" "));
    }, "Sent.");
  return (
    <Section title="Notices">
      <dl class="facts">
        <Fact name="Channels">{notices.map((channel) => NAMES[channel]).join(", ")}</Fact>
      </dl>
      <button type="button" class="outline" disabled={action.busy} onClick={test}>
        Send a test notice
      </button>
      <Outcome action={action} />
    </Section>
  );
}

const NAMES: Readonly<Record<System["notices"][number], string>> = {
  mail: "Mail",
  slack: "Slack",
  teams: "Microsoft Teams",
};

const COLUMNS: readonly Column<System["settings"][number]>[] = [
  { head: "Setting", kind: "title", cell: ({ name }) => <code>{name}</code> },
  { head: "Group", kind: "extra", cell: ({ group }) => group },
  { head: "Value", cell: ({ value }) => value ?? <span class="muted">not set</span> },
  {
    head: "From",
    kind: "fit",
    cell: ({ source }) => (source === "default" ? <span class="muted">default</span> : source),
  },
];

function outOf(open: number | null, max: number | null): string {
  if (open === null) return "unknown";
  return max === null ? formatCount(open) : `${formatCount(open)} of ${formatCount(max)}`;
}

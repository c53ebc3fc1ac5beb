import type { System } from "../../../src/api/types.ts";
import { formatCount, formatDuration } from "../../kit/format.ts";
import { Badge } from "../../kit/parts/badge.tsx";
import { type Column, DataTable } from "../../kit/parts/data-table.tsx";
import { Fact } from "../../kit/parts/fact.tsx";
import { Section } from "../../kit/parts/section.tsx";

type Database = NonNullable<System["database"]>;

/** Shows the PostgreSQL server and the instances that share it. */
export function DatabaseServer({ of: database }: { of: Database }) {
  const { connections, instances, unservedLanes, queueDeadRows, oldestSnapshotMs, oldestTransactionMs } = database;
  const { used, max, free } = connections;
  return (
    <Section title="Database server">
      <dl class="facts">
        <Fact name="Lanes">
          <Badge tone={unservedLanes === 0 ? "good" : "bad"}>
            {unservedLanes === 0 ? "all served" : `${percent(unservedLanes)} not served`}
          </Badge>
        </Fact>
        <Fact name="Connections">
          {`${formatCount(used)} of ${formatCount(max)}, ${formatCount(free)} free for this instance`}
        </Fact>
        <Fact name="Dead rows of the queue">{formatCount(queueDeadRows)}</Fact>
        <Fact name="Oldest snapshot">{formatDuration(Math.round(oldestSnapshotMs))}</Fact>
        <Fact name="Oldest transaction">{formatDuration(Math.round(oldestTransactionMs))}</Fact>
      </dl>
      <DataTable label="Instances" columns={COLUMNS} rows={instances} keyOf={({ number }) => String(number)} />
    </Section>
  );
}

const COLUMNS: readonly Column<Database["instances"][number]>[] = [
  { head: "Instance", kind: "title", cell: ({ number, self }) => (self ? `${number} (this one)` : String(number)) },
  { head: "State", cell: (instance) => <Badge tone={instance.alive ? "good" : "bad"}>{stateOf(instance)}</Badge> },
  { head: "Lanes", kind: "fit", cell: ({ lanes }) => percent(lanes) },
];

function stateOf({ alive, delivers }: Database["instances"][number]): string {
  if (!alive) return "lease expired";
  return delivers ? "delivers" : "starting, or a command";
}

/** Formats 0.5 as `50 %`. Small shares do not become 0. */
function percent(share: number): string {
  return `${(share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`;
}

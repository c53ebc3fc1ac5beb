import { useState } from "preact/hooks";
import type { Environment } from "../../../src/api/types.ts";
import { type Action, Outcome, Question, useActionThen } from "../../kit/parts/action.tsx";
import { Badge } from "../../kit/parts/badge.tsx";
import { type Column, DataTable } from "../../kit/parts/data-table.tsx";
import { Instant } from "../../kit/parts/instant.tsx";
import { PageButtons, usePlace } from "../../kit/parts/pages.tsx";
import { Read, Section } from "../../kit/parts/section.tsx";
import { counted } from "../../kit/words.ts";
import { type Contents, deleteEnvironment, getContents } from "../api/environments.ts";
import { getEnvironments } from "../api/installation.ts";
import { addressedEnvironment, environmentLink } from "../environment.ts";
import { ENVIRONMENTS } from "../links.ts";
import { May } from "../parts/may.tsx";
import { useLoaded } from "../reload.ts";
import { may } from "../session.ts";
import style from "./all.module.css";
import { NewEnvironment, RenameEnvironment } from "./form.tsx";

/** The environment of requests that name none. It can be neither renamed nor deleted. */
const DEFAULT = "default";

/** Shows all environments, and opens, creates, renames and deletes them. */
export function AllEnvironments({ inUse }: { inUse: string }) {
  const place = usePlace("environments");
  const [environments, reload] = useLoaded(`${place.iterator}`, (signal) => getEnvironments(place.iterator, signal));
  return (
    <>
      <Section title="All environments">
        <Read of={environments}>
          {(page) => (
            <>
              <DataTable
                label="Environments"
                columns={columns(inUse, reload)}
                rows={page.data}
                keyOf={({ id }) => id}
              />
              <PageButtons of={page} place={place} label="Pages of environments" />
            </>
          )}
        </Read>
      </Section>
      <May operation="v1.management.environment.create">
        <NewEnvironment onCreate={reload} />
      </May>
    </>
  );
}

function columns(inUse: string, onChange: () => void): readonly Column<Environment>[] {
  return [
    {
      head: "Name",
      kind: "title",
      cell: (environment) => <Name of={environment} isInUse={environment.id === inUse} />,
    },
    { head: "Type", kind: "fit", cell: ({ type }) => type },
    { head: "Deliveries", kind: "fit", cell: ({ pausedAt }) => <Deliveries pausedAt={pausedAt} /> },
    { head: "Created", kind: "fit", cell: ({ createdAt }) => <Instant at={createdAt} /> },
    {
      head: "Actions",
      kind: "actions",
      cell: (environment) =>
        environment.name === DEFAULT ? null : (
          <Changes of={environment} isInUse={environment.id === inUse} onChange={onChange} />
        ),
    },
  ];
}

function Name({ of: { id, name }, isInUse }: { of: Environment; isInUse: boolean }) {
  return (
    <>
      <div>
        <a href={environmentLink(name)}>{name}</a> {isInUse && <Badge tone="good">in use</Badge>}
      </div>
      <code class={style.id}>{id}</code>
    </>
  );
}

function Deliveries({ pausedAt }: { pausedAt: string | null }) {
  return pausedAt === null ? <Badge tone="good">on</Badge> : <Badge tone="wait">paused</Badge>;
}

interface ChangesProps {
  readonly of: Environment;
  readonly isInUse: boolean;
  readonly onChange: () => void;
}

function Changes({ of, isInUse, onChange }: ChangesProps) {
  const [isRenaming, setRenaming] = useState(false);
  const [contents, setContents] = useState<Contents | null>(null);
  const reading = useActionThen(null);
  const deleting = useActionThen(null);
  const renamed = (name: string) => {
    setRenaming(false);
    // The address still has the old name.
    if (isInUse && addressedEnvironment !== of.id) location.assign(environmentLink(name, ENVIRONMENTS));
    else onChange();
  };
  const remove = async () => {
    if (!(await deleting.run(() => deleteEnvironment(of.id)))) return;
    if (isInUse) location.assign(environmentLink(null, ENVIRONMENTS));
    else onChange();
  };
  if (isRenaming) return <RenameEnvironment of={of} onRename={renamed} onCancel={() => setRenaming(false)} />;
  if (contents !== null) {
    return (
      <Deletion of={of} contents={contents} action={deleting} onConfirm={remove} onClose={() => setContents(null)} />
    );
  }
  return (
    <div class="buttons">
      {may("v1.management.environment.update") && (
        <button type="button" class="outline" onClick={() => setRenaming(true)}>
          Rename
        </button>
      )}
      {may("v1.management.environment.delete") && (
        <button
          type="button"
          class="outline danger"
          disabled={reading.busy}
          aria-busy={reading.busy}
          onClick={() => void reading.run(async () => setContents(await getContents(of)))}
        >
          Delete
        </button>
      )}
      <Outcome action={reading} />
    </div>
  );
}

interface DeletionProps {
  readonly of: Environment;
  readonly contents: Contents;
  readonly action: Action;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
}

function Deletion({ of: { name }, contents, action, onConfirm, onClose }: DeletionProps) {
  return (
    <Question
      label="Delete"
      question={deletionQuestion(name, contents)}
      confirm="Delete environment and its data"
      isDestructive
      action={action}
      onConfirm={onConfirm}
      onClose={onClose}
    >
      <Outcome action={action} />
    </Question>
  );
}

function deletionQuestion(name: string, { customers, isMore, pending, dead }: Contents): string {
  const deleted = `${isMore ? "more than " : ""}${counted(customers, "customer")}`;
  return `Delete 1 environment, ${name}, with ${deleted}, ${counted(pending, "pending delivery", "pending deliveries")} and ${counted(dead, "dead letter")}? This cannot be undone. Its event types, messages and sources are deleted too, and all its tokens stop working.`;
}

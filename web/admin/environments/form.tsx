import { useState } from "preact/hooks";
import type { Environment } from "../../../src/api/types.ts";
import { Outcome, useActionThen } from "../../kit/parts/action.tsx";
import { SelectField, TextField } from "../../kit/parts/field.tsx";
import { CardSection } from "../../kit/parts/section.tsx";
import { createEnvironment, renameEnvironment } from "../api/environments.ts";

const TYPES = ["development", "production"].map((value) => ({ value, label: value }));

/** Creates an environment. */
export function NewEnvironment({ onCreate }: { onCreate: () => void }) {
  const [name, setName] = useState("");
  const [type, setType] = useState("development");
  const action = useActionThen(onCreate);
  const submit = async (event: Event) => {
    event.preventDefault();
    const created = name.trim();
    const isCreated = await action.run(
      () => createEnvironment({ name: created, type }),
      `The environment ${created} is created. Its name in the list opens it.`,
    );
    if (isCreated) setName("");
  };
  return (
    <CardSection title="New environment" about="It has its own customers, event types, endpoints, sources and tokens.">
      <form onSubmit={submit} noValidate aria-label="New environment">
        <TextField label="Name" value={name} onInput={setName} />
        <SelectField label="Type" choices={TYPES} value={type} onChange={setType} help="Informational." />
        <div class="buttons">
          <button type="submit" disabled={action.busy || name.trim() === ""} aria-busy={action.busy}>
            Create environment
          </button>
          <Outcome action={action} />
        </div>
      </form>
    </CardSection>
  );
}

interface RenameProps {
  readonly of: Environment;
  readonly onRename: (name: string) => void;
  readonly onCancel: () => void;
}

export function RenameEnvironment({ of: { id, name }, onRename, onCancel }: RenameProps) {
  const [wanted, setWanted] = useState(name);
  const action = useActionThen(null);
  const submit = async (event: Event) => {
    event.preventDefault();
    const next = wanted.trim();
    if (await action.run(() => renameEnvironment(id, next))) onRename(next);
  };
  return (
    <form onSubmit={submit} noValidate aria-label={`Rename ${name}`}>
      <TextField
        label="New name"
        value={wanted}
        onInput={setWanted}
        help="Requests that name this environment in the header boathook-environment must use the new name."
        problem={action.problem}
      />
      <div class="buttons">
        <button type="submit" disabled={action.busy || wanted.trim() === ""} aria-busy={action.busy}>
          Rename environment
        </button>
        <button type="button" class="outline secondary" onClick={onCancel}>
          Cancel
        </button>
      </div>
    </form>
  );
}

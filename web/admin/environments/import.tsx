import { useState } from "preact/hooks";
import { Outcome, Question, useActionThen } from "../../kit/parts/action.tsx";
import { Field } from "../../kit/parts/field.tsx";
import { CardSection } from "../../kit/parts/section.tsx";
import { counted } from "../../kit/words.ts";
import { type Configuration, getConfiguration, importConfiguration } from "../api/environments.ts";
import { type ImportPlan, planImport, readConfiguration } from "./plan.ts";

interface Chosen {
  readonly eventTypes: Configuration["eventTypes"];
  readonly plan: ImportPlan;
}

/** Imports an exported configuration into the environment in use, after a question with its numbers. */
export function ImportConfiguration({ environment }: { environment: string }) {
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const reading = useActionThen(null);
  const importing = useActionThen(null);

  const read = (file: File | undefined) => {
    setChosen(null);
    if (file === undefined) return;
    void reading.run(async () => {
      const eventTypes = readConfiguration(await file.text());
      setChosen({ eventTypes, plan: planImport(eventTypes, (await getConfiguration()).eventTypes) });
    });
  };
  return (
    <CardSection
      title="Import a configuration"
      about={`Into ${environment}, from a file that was exported from another environment. It contains the event types.`}
    >
      <Field label="Exported file" problem={reading.problem}>
        {(control) => (
          <input
            {...control}
            type="file"
            accept=".json,application/json"
            onChange={(event) => {
              const [file] = event.currentTarget.files ?? [];
              read(file);
              // The same file can be chosen again after a change.
              event.currentTarget.value = "";
            }}
          />
        )}
      </Field>
      {chosen !== null && (
        <Question
          label="Import"
          question={questionOf(chosen.plan, environment)}
          confirm={`Import ${counted(chosen.eventTypes.length, "event type")}`}
          action={importing}
          onConfirm={() =>
            void importing.run(
              () => importConfiguration(chosen.eventTypes),
              `${counted(chosen.eventTypes.length, "event type")} imported.`,
            )
          }
          onClose={() => setChosen(null)}
        />
      )}
      <Outcome action={importing} />
    </CardSection>
  );
}

function questionOf({ created, replaced, others }: ImportPlan, environment: string): string {
  return `Import into ${environment}? ${counted(created, "event type")} will be created and ${counted(replaced, "event type")} replaced. The environment has ${counted(others, "other event type")}, which the import does not change.`;
}

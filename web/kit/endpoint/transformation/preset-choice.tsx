import { useState } from "preact/hooks";
import { PRESETS } from "../../../presets/presets.ts";
import { Confirm, useActionThen } from "../../parts/action.tsx";
import { SelectField } from "../../parts/field.tsx";
import type { TransformationApi } from "./model.ts";
import style from "./transformation.module.css";

interface PresetChoiceProps extends Pick<TransformationApi, "form"> {
  /** The code that a preset would replace. */
  readonly code: string;
  readonly onChoose: (code: string) => void;
}

const EMPTY = {
  name: "",
  title: "Empty",
  about: "Sends everything as it is.",
  webhook: "function handler(webhook) {\n  return webhook;\n}\n",
  received: "function handler(input) {\n  return { headers: input.headers, body: input.body };\n}\n",
};
const ALL = [EMPTY, ...PRESETS];

/** Fills in code for a known receiver. Asks before it replaces code that is not a preset itself. */
export function PresetChoice({ form, code, onChoose }: PresetChoiceProps) {
  const [name, setName] = useState("");
  const action = useActionThen(null);
  const chosen = ALL.find((preset) => preset.name === name)!;
  const insert = () => onChoose(chosen[form]);
  const isOwn = code.trim() !== "" && !ALL.some((preset) => preset[form] === code);
  return (
    <>
      <div class={style.preset}>
        <SelectField
          label="Preset"
          value={name}
          choices={ALL.map(({ name: value, title }) => ({ value, label: title }))}
          onChange={setName}
        />
        {isOwn ? (
          <Confirm
            label="Use preset"
            confirm="Replace the code"
            question={`Replace the code with the preset “${chosen.title}”?`}
            action={action}
            onConfirm={() => void action.run(async () => insert())}
          />
        ) : (
          <button type="button" class="outline" disabled={code === chosen[form]} onClick={insert}>
            Use preset
          </button>
        )}
      </div>
      <p class={`muted small ${style.about}`}>{chosen.about.replaceAll("`", "")}</p>
    </>
  );
}

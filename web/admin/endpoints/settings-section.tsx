import { useState } from "preact/hooks";
import type { EndpointChange, WrittenEndpoint } from "../../../src/api/types.ts";
import { ChangeEndpointForm } from "../../kit/endpoint/form.tsx";
import { useActionThen } from "../../kit/parts/action.tsx";
import { Problem } from "../../kit/parts/notice.tsx";
import { CardSection } from "../../kit/parts/section.tsx";
import { Changing } from "../parts/may.tsx";

interface SettingsSectionProps extends Omit<Parameters<typeof ChangeEndpointForm>[0], "action" | "onSubmit"> {
  /** The operation that saves the settings. Without permission for it, they are only shown. */
  readonly operation: Parameters<typeof Changing>[0]["operation"];
  readonly save: (change: EndpointChange) => Promise<Pick<WrittenEndpoint, "warnings">>;
  /** Called after the settings were saved. */
  readonly onChange: () => void;
}

/** Shows and changes the settings of an endpoint of any kind. */
export function SettingsSection({ operation, save, onChange, ...form }: SettingsSectionProps) {
  const [warnings, setWarnings] = useState<WrittenEndpoint["warnings"]>([]);
  const action = useActionThen(onChange);
  const send = async (change: EndpointChange) => {
    if (Object.keys(change).length === 0) return;
    setWarnings((await save(change)).warnings);
  };
  return (
    <CardSection title="Settings">
      <Changing operation={operation}>
        <ChangeEndpointForm {...form} action={action} onSubmit={(change) => action.run(() => send(change), "Saved.")} />
      </Changing>
      <Warnings of={warnings} />
    </CardSection>
  );
}

/** Shows what the server found wrong with the URL of an endpoint that it saved. */
export function Warnings({ of }: { of: WrittenEndpoint["warnings"] }) {
  return (
    <>
      {of.map(({ code, detail }) => (
        <Problem key={code}>{detail}</Problem>
      ))}
    </>
  );
}

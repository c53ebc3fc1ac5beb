import { useState } from "preact/hooks";
import type { Application, ApplicationDetail } from "../../../src/api/types.ts";
import { Confirm, Outcome, useActionThen } from "../../kit/parts/action.tsx";
import { CardSection, Read } from "../../kit/parts/section.tsx";
import { counted } from "../../kit/words.ts";
import { changeCustomer, deleteCustomer, getNumbers } from "../api/customers.ts";
import { CUSTOMERS } from "../links.ts";
import { Changing, May } from "../parts/may.tsx";
import { useResource } from "../resource.ts";
import { endpointsOf } from "./diagnosis.ts";
import { CustomerFormFields, changeOf, fieldsOf, ownProblems, type Problems, sentProblems } from "./form.tsx";
import { atLeast } from "./numbers.ts";

interface CustomerSettingsProps {
  readonly customer: Application;
  readonly onChange: (customer: Application) => void;
}

export function CustomerSettings({ customer, onChange }: CustomerSettingsProps) {
  return (
    <>
      <Fields customer={customer} onChange={onChange} />
      <May operation="v1.application.delete">
        <Deletion customer={customer} />
      </May>
    </>
  );
}

function Fields({ customer, onChange }: CustomerSettingsProps) {
  const [saved, setSaved] = useState(fieldsOf(customer));
  const [fields, setFields] = useState(saved);
  const [problems, setProblems] = useState<Problems>({});
  const action = useActionThen(null);
  const submit = (event: Event) => {
    event.preventDefault();
    const own = ownProblems(fields);
    setProblems(own);
    if (Object.keys(own).length > 0) return;
    void action.run(async () => {
      try {
        const changed = await changeCustomer(customer.id, changeOf(saved, fields));
        const shown = fieldsOf(changed);
        setSaved(shown);
        setFields(shown);
        onChange(changed);
      } catch (error) {
        setProblems(sentProblems(error as Error));
        throw error;
      }
    }, "Saved.");
  };
  return (
    <CardSection title="Settings">
      <form onSubmit={submit} noValidate aria-label="Settings">
        <Changing operation="v1.application.patch">
          <CustomerFormFields fields={fields} problems={problems} onChange={setFields} />
          <div class="buttons">
            <button type="submit" disabled={action.busy} aria-busy={action.busy}>
              Save settings
            </button>
            <Outcome action={action} />
          </div>
        </Changing>
      </form>
    </CardSection>
  );
}

function Deletion({ customer }: { customer: Application }) {
  const numbers = useResource(customer.id, (signal) => getNumbers(customer.id, signal), [customer.id]);
  const action = useActionThen(null);
  const remove = async () => {
    if (await action.run(() => deleteCustomer(customer.id))) location.hash = CUSTOMERS;
  };
  return (
    <CardSection title="Delete the customer" about="A deletion cannot be undone. The UID can be used again.">
      <Read of={numbers} lines={1}>
        {(known) => (
          <div class="buttons">
            <Confirm
              label="Delete customer"
              question={deletionQuestion(customer.name, known)}
              confirm="Delete customer and its data"
              isDestructive
              action={action}
              onConfirm={remove}
            />
            <Outcome action={action} />
          </div>
        )}
      </Read>
    </CardSection>
  );
}

function deletionQuestion(name: string, numbers: ApplicationDetail): string {
  const { pending, messages, dead } = numbers;
  return `Delete ${name}? ${counted(endpointsOf(numbers), "endpoint")} will be deleted and ${atLeast(pending, "pending delivery", "pending deliveries")} cancelled. ${atLeast(messages, "message")} and ${atLeast(dead, "dead letter")} can then no longer be read. All tokens of the customer stop working.`;
}

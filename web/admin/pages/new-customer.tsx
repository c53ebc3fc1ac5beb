import { useState } from "preact/hooks";
import { Outcome, useActionThen } from "../../kit/parts/action.tsx";
import { PageHead } from "../../kit/parts/page-head.tsx";
import { createCustomer } from "../api/customers.ts";
import { CustomerFormFields, NO_FIELDS, ownProblems, type Problems, sentOf, sentProblems } from "../customers/form.tsx";
import { CUSTOMERS, customerLink } from "../links.ts";

export function NewCustomerPage() {
  const [fields, setFields] = useState(NO_FIELDS);
  const [problems, setProblems] = useState<Problems>({});
  const action = useActionThen(null);
  const submit = (event: Event) => {
    event.preventDefault();
    const own = ownProblems(fields);
    setProblems(own);
    if (Object.keys(own).length > 0) return;
    void action.run(async () => {
      try {
        location.hash = customerLink((await createCustomer(sentOf(fields))).id);
      } catch (error) {
        setProblems(sentProblems(error as Error));
        throw error;
      }
    });
  };
  return (
    <>
      <PageHead
        title="New customer"
        about="Messages are sent to a customer and delivered to its endpoints."
        above={[{ title: "Customers", href: CUSTOMERS }]}
      />
      <form class="card" onSubmit={submit} noValidate aria-label="New customer">
        <CustomerFormFields fields={fields} problems={problems} onChange={setFields} />
        <div class="buttons">
          <button type="submit" disabled={action.busy} aria-busy={action.busy}>
            Create customer
          </button>
          <Outcome action={action} />
        </div>
      </form>
    </>
  );
}

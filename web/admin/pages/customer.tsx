import { useState } from "preact/hooks";
import type { Application } from "../../../src/api/types.ts";
import { address } from "../../kit/address.ts";
import { Problem } from "../../kit/parts/notice.tsx";
import { PageHead } from "../../kit/parts/page-head.tsx";
import { Read } from "../../kit/parts/section.tsx";
import { Tabs } from "../../kit/parts/tabs.tsx";
import { getCustomer } from "../api/customers.ts";
import { CustomerAccess } from "../customers/access.tsx";
import { CustomerDeadLetters } from "../customers/dead-letters.tsx";
import { CustomerEndpoints } from "../customers/endpoints.tsx";
import { CustomerMessages } from "../customers/messages.tsx";
import { CustomerOverview } from "../customers/overview.tsx";
import { CustomerSettings } from "../customers/settings.tsx";
import { CUSTOMER_TABS, type CustomerTab, customerTab, tabOf } from "../customers/tabs.ts";
import { CUSTOMERS } from "../links.ts";
import { useLoaded } from "../reload.ts";

/** Shows one customer. Its parts are in the address under `tab`, and load at the same time as the customer. */
export function CustomerPage({ app }: { app: string }) {
  const [loaded] = useLoaded(app, (signal) => getCustomer(app, signal));
  const [changed, setChanged] = useState<Application | null>(null);
  const customer = changed ?? loaded.value;
  const tab = tabOf(address.value.query.tab);
  return (
    <>
      <PageHead title={customer?.name ?? "Customer"} above={[{ title: "Customers", href: CUSTOMERS }]} />
      {customer === null && loaded.error !== null ? (
        <Problem>{loaded.error.message}</Problem>
      ) : (
        <>
          <Tabs
            label="Parts of the customer"
            tabs={CUSTOMER_TABS.map(({ name, title }) => ({
              title,
              href: customerTab(app, name),
              isCurrent: name === tab,
            }))}
          />
          {tab === "overview" ? (
            <CustomerOverview app={app} customer={customer} />
          ) : (
            <Read of={{ value: customer, error: null }} lines={8}>
              {(shown) => <Part tab={tab} customer={shown} onChange={setChanged} />}
            </Read>
          )}
        </>
      )}
    </>
  );
}

interface PartProps {
  readonly tab: Exclude<CustomerTab, "overview">;
  readonly customer: Application;
  readonly onChange: (customer: Application) => void;
}

function Part({ tab, customer, onChange }: PartProps) {
  switch (tab) {
    case "endpoints":
      return <CustomerEndpoints customer={customer} />;
    case "messages":
      return <CustomerMessages customer={customer} />;
    case "dead-letters":
      return <CustomerDeadLetters customer={customer} />;
    case "access":
      return <CustomerAccess customer={customer} />;
    case "settings":
      return <CustomerSettings customer={customer} onChange={onChange} />;
  }
}

import { address } from "../../kit/address.ts";
import type { OptionSource } from "../../kit/combobox.ts";
import { ComboboxField } from "../../kit/parts/combobox.tsx";
import type { FieldProps } from "../../kit/parts/field.tsx";
import type { Filter } from "../../kit/parts/filter-bar.tsx";
import { findCustomers, findEndpoints, findEventTypes, getCustomerName, getEndpointUrl } from "../api/options.ts";

/** Inputs that choose a customer, an endpoint or an event type, as filters and as fields of forms. */

const CUSTOMERS: OptionSource = { search: findCustomers, labelOf: getCustomerName };

/** The endpoints of the customer that the address filters by, or of all. */
const ENDPOINTS: OptionSource = {
  search: (text, signal) => findEndpoints(text, address.peek().query.app_id, signal),
  labelOf: getEndpointUrl,
};

/** Types that are not registered can be sent and filtered by too. */
const EVENT_TYPES: OptionSource = { search: findEventTypes, isFree: true };

export const CUSTOMER_FILTER: Filter = {
  name: "app_id",
  label: "Customer",
  kind: "option",
  source: CUSTOMERS,
  placeholder: "any",
};

export const ENDPOINT_FILTER: Filter = {
  name: "endpoint_id",
  label: "Endpoint",
  kind: "option",
  source: ENDPOINTS,
  placeholder: "any",
};

export const EVENT_TYPE_FILTER: Filter = {
  name: "event_types",
  label: "Event type",
  kind: "option",
  source: EVENT_TYPES,
  placeholder: "any",
};

interface ChoosingProps extends Omit<FieldProps, "children" | "label"> {
  readonly label?: string;
  /** The id of the customer, or the name of the event type; empty if none is chosen. */
  readonly value: string;
  readonly onChoose: (value: string) => void;
  readonly required?: boolean;
}

/** A field of a form that chooses a customer by name, uid or id. */
export function CustomerField({ label = "Customer", ...field }: ChoosingProps) {
  return <ComboboxField label={label} source={CUSTOMERS} placeholder="Search by name, UID or ID" {...field} />;
}

/** A field of a form that chooses an event type or takes the name of one that is not registered. */
export function EventTypeField({ label = "Event type", ...field }: ChoosingProps) {
  return <ComboboxField label={label} source={EVENT_TYPES} placeholder="Such as invoice.paid" {...field} />;
}

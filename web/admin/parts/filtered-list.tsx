import type { ComponentChildren } from "preact";
import type { ListOf } from "../../../src/api/types.ts";
import { address, type Query } from "../../kit/address.ts";
import { type Filter, FilterBar } from "../../kit/parts/filter-bar.tsx";
import { PageButtons, usePlace } from "../../kit/parts/pages.tsx";
import { Read } from "../../kit/parts/section.tsx";
import { useResource } from "../resource.ts";

interface FilteredListProps<T> {
  /** What the list contains, for the labels. */
  readonly label: string;
  readonly filters: readonly Filter[];
  readonly read: (filters: Query, iterator: string | null, signal: AbortSignal) => Promise<ListOf<T>>;
  /** Shown instead of an empty list. */
  readonly empty: (isFiltered: boolean) => ComponentChildren;
  readonly children: (rows: readonly T[]) => ComponentChildren;
}

/** A list with filters that are kept in the address. A change of the filters starts at the first page. */
export function FilteredList<T>(props: FilteredListProps<T>) {
  const { query } = address.value;
  return (
    <>
      <FilterBar filters={props.filters} />
      <Pages key={JSON.stringify(query)} {...props} query={query} />
    </>
  );
}

function Pages<T>({ label, filters, read, empty, children, query }: FilteredListProps<T> & { query: Query }) {
  const place = usePlace();
  const own = Object.fromEntries(filters.flatMap(({ name }) => (query[name] ? [[name, query[name]]] : [])));
  const list = useResource(`${JSON.stringify(own)} ${place.iterator}`, (signal) => read(own, place.iterator, signal));
  return (
    <Read of={list} lines={6}>
      {(page) => (
        <>
          {page.data.length === 0 && page.done && place.number === 1
            ? empty(Object.keys(own).length > 0)
            : children(page.data)}
          <PageButtons of={page} place={place} label={`Pages of ${label}`} />
        </>
      )}
    </Read>
  );
}

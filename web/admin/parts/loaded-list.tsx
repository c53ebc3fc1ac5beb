import type { ComponentChildren, RefObject } from "preact";
import type { ListOf } from "../../../src/api/types.ts";
import { address, type Query } from "../../kit/address.ts";
import { type Filter, FilterBar } from "../../kit/parts/filter-bar.tsx";
import { Empty } from "../../kit/parts/notice.tsx";
import { PageButtons, usePlace } from "../../kit/parts/pages.tsx";
import { Read } from "../../kit/parts/section.tsx";
import { useLoaded } from "../reload.ts";
import style from "./filtered-list.module.css";
import { useFocusOnNextPage } from "./filtered-list.tsx";

interface LoadedListProps<T> {
  /** What the list contains, in the plural, for the labels. */
  readonly label: string;
  readonly filters: readonly Filter[];
  readonly read: (filters: Query, iterator: string | null, signal: AbortSignal) => Promise<ListOf<T>>;
  /** Gets the function that loads the list again. */
  readonly reloadRef?: RefObject<(() => void) | null>;
  /** Shown instead of an empty list. */
  readonly empty: (isFiltered: boolean) => ComponentChildren;
  readonly children: (rows: readonly T[], reload: () => void) => ComponentChildren;
}

/**
 * A list with filters that are kept in the address, for data that messages do not change. It changes
 * only when it is loaded again. A change of the filters starts at the first page.
 */
export function LoadedList<T>(props: LoadedListProps<T>) {
  const { query } = address.value;
  const own = Object.fromEntries(props.filters.flatMap(({ name }) => (query[name] ? [[name, query[name]]] : [])));
  return (
    <>
      <FilterBar filters={props.filters} />
      <Pages key={JSON.stringify(own)} {...props} query={own} />
    </>
  );
}

function Pages<T>({ label, read, reloadRef, empty, children, query }: LoadedListProps<T> & { query: Query }) {
  const place = usePlace(label);
  const [list, reload] = useLoaded(`${place.iterator}`, (signal) => read(query, place.iterator, signal));
  const frame = useFocusOnNextPage(place.number);
  if (reloadRef !== undefined) reloadRef.current = reload;
  return (
    <div ref={frame} tabIndex={-1} class={style.frame}>
      <Read of={list} lines={6}>
        {(page) => (
          <>
            <Rows page={page} isFirst={place.number === 1} empty={() => empty(Object.keys(query).length > 0)}>
              {children(page.data, reload)}
            </Rows>
            <PageButtons of={page} place={place} label={`Pages of ${label}`} />
          </>
        )}
      </Read>
    </div>
  );
}

interface RowsProps {
  readonly page: ListOf<unknown>;
  readonly isFirst: boolean;
  readonly empty: () => ComponentChildren;
  readonly children: ComponentChildren;
}

function Rows({ page, isFirst, empty, children }: RowsProps) {
  if (page.data.length > 0) return <>{children}</>;
  if (page.done && isFirst) return <>{empty()}</>;
  // A search examines a limited number of records for each page.
  return <Empty title={page.done ? "Nothing more" : "Nothing found on this page. Go to the next page."} />;
}

import type { ComponentChildren, RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { ListOf } from "../../../src/api/types.ts";
import { address, type Query } from "../../kit/address.ts";
import { type Filter, FilterBar } from "../../kit/parts/filter-bar.tsx";
import { LiveRows } from "../../kit/parts/live-rows.tsx";
import { PageButtons, usePlace } from "../../kit/parts/pages.tsx";
import { Read } from "../../kit/parts/section.tsx";
import type { Topic } from "../changes.ts";
import { useResource } from "../resource.ts";
import style from "./filtered-list.module.css";

interface FilteredListProps<T> {
  /** What the list contains, in the plural, for the labels. */
  readonly label: string;
  /** One item, if it is not `label` without its last letter. */
  readonly singular?: string;
  readonly filters: readonly Filter[];
  readonly read: (filters: Query, iterator: string | null, signal: AbortSignal) => Promise<ListOf<T>>;
  /** What the list is about, such as `"messages"`, so that it is read again when that changes. */
  readonly topics?: readonly Topic[];
  /** Returns what identifies a row; its `id` by default. */
  readonly keyOf?: (row: T) => string;
  /** Shown instead of an empty list. */
  readonly empty: (isFiltered: boolean) => ComponentChildren;
  /** `isWhole` says whether there are no rows on other pages. */
  readonly children: (rows: readonly T[], isWhole: boolean) => ComponentChildren;
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

function Pages<T>({ query, ...props }: FilteredListProps<T> & { query: Query }) {
  const { label, filters, read, topics, empty, children } = props;
  const place = usePlace(label);
  const own = Object.fromEntries(filters.flatMap(({ name }) => (query[name] ? [[name, query[name]]] : [])));
  const key = `${JSON.stringify(own)} ${place.iterator}`;
  const list = useResource(key, (signal) => read(own, place.iterator, signal), topics);
  const frame = useFocusOnNextPage(place.number);
  return (
    <div ref={frame} tabIndex={-1} class={style.frame}>
      <Read of={list} lines={6}>
        {(latest) => (
          <LiveRows<T, ListOf<T>>
            key={key}
            latest={latest}
            keyOf={props.keyOf ?? idOf}
            words={[props.singular ?? label.slice(0, -1), label]}
            isFirst={place.number === 1}
          >
            {(page) => (
              <>
                {page.data.length === 0 && page.done && place.number === 1
                  ? empty(Object.keys(own).length > 0)
                  : children(page.data, page.done && place.number === 1)}
                <PageButtons of={page} place={place} label={`Pages of ${label}`} />
              </>
            )}
          </LiveRows>
        )}
      </Read>
    </div>
  );
}

/** Returns the reference for the element around a list. It gets the focus when the user goes to another page of it. */
export function useFocusOnNextPage(page: number): RefObject<HTMLDivElement | null> {
  const frame = useRef<HTMLDivElement>(null);
  const shown = useRef(page);
  useEffect(() => {
    if (shown.current === page) return;
    shown.current = page;
    frame.current?.focus({ preventScroll: true });
    frame.current?.scrollIntoView({ block: "nearest" });
  }, [page]);
  return frame;
}

function idOf(row: unknown): string {
  return String((row as { readonly id?: unknown }).id ?? JSON.stringify(row));
}

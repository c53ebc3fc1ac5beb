import type { ComponentChildren } from "preact";
import style from "./data-table.module.css";

/** A column of a table. */
export interface Column<Row> {
  /** The heading. Narrow screens show it beside the value. */
  readonly head: string;
  /**
   * `title`: the name of the row, first on narrow screens. `fit`: as narrow as its content.
   * `number`: aligned right. `actions`: buttons. `extra`: hidden on screens below 60rem. Default: text
   * that wraps.
   */
  readonly kind?: "title" | "fit" | "number" | "actions" | "extra";
  readonly cell: (row: Row) => ComponentChildren;
}

interface DataTableProps<Row> {
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  /** The part of a row that its `title` link does not cover, below the row. */
  readonly below?: (row: Row) => ComponentChildren;
  /** Whether the first link of a row covers the whole row. */
  readonly isLinked?: boolean;
}

/**
 * Shows a table. On narrow screens each row becomes a card with the headings as labels, so that
 * nothing scrolls horizontally. The explicit roles keep the table a table for screen readers.
 */
export function DataTable<Row>({ label, columns, rows, keyOf, below, isLinked = false }: DataTableProps<Row>) {
  return (
    <div class={style.frame}>
      {/* biome-ignore-start lint/a11y: the style below changes `display`, which removes the roles that the elements imply */}
      <table class={style.table} role="table" aria-label={label}>
        <thead class={style.head} role="rowgroup">
          <tr role="row">
            {columns.map((column) => (
              <th key={column.head} role="columnheader" scope="col" class={classOf(column.kind)}>
                {column.kind === "actions" ? <span class="visually-hidden">{column.head}</span> : column.head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody class={style.body} role="rowgroup">
          {rows.map((row) => (
            <DataRow key={keyOf(row)} columns={columns} row={row} below={below?.(row)} isLinked={isLinked} />
          ))}
        </tbody>
      </table>
      {/* biome-ignore-end lint/a11y: see above */}
    </div>
  );
}

interface DataRowProps<Row> {
  readonly columns: readonly Column<Row>[];
  readonly row: Row;
  readonly below: ComponentChildren;
  readonly isLinked: boolean;
}

function DataRow<Row>({ columns, row, below, isLinked }: DataRowProps<Row>) {
  const expansion = below === undefined || below === null || below === false ? null : below;
  return (
    <>
      {/* biome-ignore-start lint/a11y: as in the table */}
      <tr role="row" class={`${isLinked ? style.linked : ""} ${expansion === null ? "" : style.expanded}`}>
        {columns.map((column) => (
          <td
            key={column.head}
            role="cell"
            class={classOf(column.kind)}
            data-label={column.kind === "title" || column.kind === "actions" ? undefined : column.head}
          >
            {column.cell(row)}
          </td>
        ))}
      </tr>
      {expansion !== null && (
        <tr role="row" class={style.expansion}>
          <td role="cell" colSpan={columns.length}>
            {expansion}
          </td>
        </tr>
      )}
      {/* biome-ignore-end lint/a11y: as in the table */}
    </>
  );
}

function classOf(kind: Column<never>["kind"]): string {
  return kind === undefined ? "" : (style[kind] ?? "");
}

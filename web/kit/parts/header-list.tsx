import style from "./header-list.module.css";

interface HeaderListProps {
  /** By name, or in their order, in which a name may occur more than once. */
  readonly headers: Readonly<Record<string, string>> | readonly { readonly name: string; readonly value: string }[];
}

/** Shows headers of a request or response, as text. */
export function HeaderList({ headers }: HeaderListProps) {
  const all = Array.isArray(headers)
    ? headers.map(({ name, value }): [string, string] => [name, value])
    : Object.entries(headers as Readonly<Record<string, string>>);
  if (all.length === 0) return <p class="muted small">No headers</p>;
  return (
    <dl class={style.headers}>
      {all.map(([name, value], at) => (
        <div key={`${at} ${name}`}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

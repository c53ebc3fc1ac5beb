import style from "./tabs.module.css";

export interface Tab {
  readonly title: string;
  readonly href: string;
  readonly isCurrent: boolean;
}

/** Links between the parts of one thing. Each part has its own address. */
export function Tabs({ label, tabs }: { label: string; tabs: readonly Tab[] }) {
  return (
    <nav class={style.tabs} aria-label={label}>
      {tabs.map(({ title, href, isCurrent }) => (
        <a key={href} href={href} aria-current={isCurrent ? "page" : undefined}>
          {title}
        </a>
      ))}
    </nav>
  );
}

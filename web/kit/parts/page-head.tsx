import type { ComponentChildren } from "preact";
import style from "./page-head.module.css";

interface PageHeadProps {
  readonly title: ComponentChildren;
  readonly about?: ComponentChildren;
  /** The pages above this page, outermost first. */
  readonly above?: readonly { readonly title: string; readonly href: string }[];
  /** Buttons and links beside the title. */
  readonly children?: ComponentChildren;
}

/** The head of a page: where it belongs, its title, what it is for, and its main actions. */
export function PageHead({ title, about, above = [], children }: PageHeadProps) {
  return (
    <header class={style.head}>
      <div class={style.words}>
        {above.length > 0 && (
          <nav aria-label="Breadcrumb" class={style.above}>
            {above.map(({ title, href }) => (
              <a key={href} href={href}>
                {title}
              </a>
            ))}
          </nav>
        )}
        <h1>{title}</h1>
        {about !== undefined && <p class={style.about}>{about}</p>}
      </div>
      {children !== undefined && <div class="buttons">{children}</div>}
    </header>
  );
}

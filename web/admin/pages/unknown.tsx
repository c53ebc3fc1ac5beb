import { PageHead } from "../../kit/parts/page-head.tsx";
import { OVERVIEW } from "../links.ts";

/** Shown in place of a page that the session may not open. */
export function DeniedPage({ title }: { title: string }) {
  return (
    <PageHead title={title} about="Your session may not use this page. Log in with a token that allows it.">
      <a class="button-link" href={OVERVIEW}>
        Back to overview
      </a>
    </PageHead>
  );
}

export function UnknownPage() {
  return (
    <PageHead title="Page not found" about="The address is mistyped, or the page has moved.">
      <a class="button-link" href={OVERVIEW}>
        Back to overview
      </a>
    </PageHead>
  );
}

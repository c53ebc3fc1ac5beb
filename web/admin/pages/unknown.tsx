import { PageHead } from "../../kit/parts/page-head.tsx";
import { OVERVIEW } from "../links.ts";

export function UnknownPage() {
  return (
    <PageHead title="Page not found" about="The address is mistyped, or the page has moved.">
      <a class="button-link" href={OVERVIEW}>
        Back to overview
      </a>
    </PageHead>
  );
}

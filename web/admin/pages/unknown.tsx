import { Empty } from "../../kit/parts/notice.tsx";
import { OVERVIEW } from "../links.ts";

export function UnknownPage() {
  return (
    <Empty title="Page not found">
      <p>
        <a href={OVERVIEW}>Back to overview</a>
      </p>
    </Empty>
  );
}

import { Empty } from "../parts/notice.tsx";
import { OVERVIEW } from "../route.ts";

export function UnknownPage() {
  return (
    <Empty title="There is nothing at this address">
      <p>
        <a href={OVERVIEW}>Back to the overview</a>
      </p>
    </Empty>
  );
}

import { Empty } from "../../parts/notice.tsx";
import { ENDPOINTS } from "../route.ts";

export function UnknownPage() {
  return (
    <Empty title="There is nothing at this address">
      <p>
        <a href={ENDPOINTS}>To the endpoints</a>
      </p>
    </Empty>
  );
}

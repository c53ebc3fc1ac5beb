import { Empty } from "../../kit/parts/notice.tsx";
import { ENDPOINTS } from "../route.ts";

export function UnknownPage() {
  return (
    <Empty title="Page not found">
      <p>
        <a href={ENDPOINTS}>Go to endpoints</a>
      </p>
    </Empty>
  );
}

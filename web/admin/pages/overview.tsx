import { PageHead } from "../../kit/parts/page-head.tsx";
import { NeedsAttention } from "../overview/attention.tsx";
import { StoppedBanner } from "../overview/banner.tsx";
import { History } from "../overview/history.tsx";
import { LatestMessages } from "../overview/latest.tsx";
import { NowFigures } from "../overview/now.tsx";

export function OverviewPage() {
  return (
    <>
      <PageHead title="Overview" />
      <StoppedBanner />
      <NowFigures />
      <NeedsAttention />
      <History />
      <LatestMessages />
    </>
  );
}

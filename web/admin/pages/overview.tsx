import { PageHead } from "../../kit/parts/page-head.tsx";
import { overview } from "../live.ts";
import { NeedsAttention } from "../overview/attention.tsx";
import { StoppedBanner } from "../overview/banner.tsx";
import { History } from "../overview/history.tsx";
import { LatestMessages } from "../overview/latest.tsx";
import { NowFigures } from "../overview/now.tsx";

export function OverviewPage() {
  // Before the first message, how to send it matters most.
  const isNew = overview.value?.messages.length === 0;
  return (
    <>
      <PageHead title="Overview" />
      <StoppedBanner />
      {isNew && <LatestMessages />}
      <NowFigures />
      <NeedsAttention />
      <History />
      {!isNew && <LatestMessages />}
    </>
  );
}

import type { Command } from "commander";
import type { Panel } from "./panel.ts";
import { SERVER_ROWS } from "./server-panels.ts";
import { TRAFFIC_ROWS } from "./traffic-panels.ts";

/** The rows of the board, from the top. */
export const ROWS = [...TRAFFIC_ROWS, ...SERVER_ROWS];

const PANEL_WIDTH = 12;
const PANEL_HEIGHT = 8;
const SOURCE = { type: "prometheus", uid: "$" + "{datasource}" };

/** Adds the command that prints a board for Grafana. */
export function addDashboardCommand(program: Command): void {
  program
    .command("dashboard")
    .description("Print a Grafana board as JSON. Import it in Grafana and choose the Prometheus data source.")
    .action(() => {
      process.stdout.write(`${JSON.stringify(dashboard(), null, 2)}\n`);
    });
}

/** Returns the board in Grafana's JSON model. */
export function dashboard() {
  return {
    title: "Boathook",
    uid: "boathook",
    tags: ["boathook", "webhooks"],
    schemaVersion: 39,
    version: 1,
    editable: true,
    refresh: "30s",
    time: { from: "now-6h", to: "now" },
    timezone: "browser" as const,
    templating: { list: [datasourceVariable, instanceVariable] },
    annotations: { list: [] },
    panels: rowsAndPanels(),
  };
}

const datasourceVariable = {
  name: "datasource",
  label: "Data source",
  type: "datasource",
  query: "prometheus",
  hide: 0,
} as const;

const instanceVariable = {
  name: "instance",
  label: "Instance",
  type: "query" as const,
  datasource: SOURCE,
  query: { query: "label_values(boathook_build_info, instance)", refId: "instance" },
  includeAll: true,
  multi: true,
  allValue: ".*",
  current: { selected: true, text: ["All"], value: ["$__all"] },
  refresh: 2,
  hide: 0,
};

/** Places two panels side by side below the title of their row. */
function rowsAndPanels() {
  const placed: (ReturnType<typeof panelOf> | ReturnType<typeof rowOf>)[] = [];
  let y = 0;
  for (const { title, panels } of ROWS) {
    placed.push(rowOf(title, placed.length + 1, y));
    y += 1;
    for (const [index, panel] of panels.entries()) {
      const at = { x: (index % 2) * PANEL_WIDTH, y: y + Math.floor(index / 2) * PANEL_HEIGHT };
      placed.push(panelOf(panel, placed.length + 1, at));
    }
    y += Math.ceil(panels.length / 2) * PANEL_HEIGHT;
  }
  return placed;
}

function rowOf(title: string, id: number, y: number) {
  return { id, title, type: "row" as const, collapsed: false, panels: [], gridPos: { x: 0, y, w: 24, h: 1 } };
}

function panelOf(
  { title, description, unit, series }: Panel,
  id: number,
  at: { readonly x: number; readonly y: number },
) {
  return {
    id,
    title,
    description,
    type: "timeseries" as const,
    datasource: SOURCE,
    gridPos: { ...at, w: PANEL_WIDTH, h: PANEL_HEIGHT },
    fieldConfig: { defaults: { unit, min: 0, custom: { fillOpacity: 10, showPoints: "never" } }, overrides: [] },
    options: { legend: { displayMode: "list", placement: "bottom" }, tooltip: { mode: "multi", sort: "desc" } },
    targets: series.map(({ expr, legend }, place) => ({
      refId: String.fromCharCode("A".charCodeAt(0) + place),
      datasource: SOURCE,
      expr,
      legendFormat: legend,
    })),
  };
}

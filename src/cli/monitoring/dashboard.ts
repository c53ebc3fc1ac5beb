import type { Command } from "commander";
import { PANELS, type Panel } from "./panels.ts";

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
export function dashboard(panels: readonly Panel[] = PANELS) {
  return {
    title: "Boathook",
    uid: "boathook",
    tags: ["boathook", "webhooks"],
    schemaVersion: 39,
    version: 1,
    editable: true,
    refresh: "30s",
    time: { from: "now-6h", to: "now" },
    timezone: "browser",
    templating: { list: [datasourceVariable, instanceVariable] },
    annotations: { list: [] },
    panels: panels.map(panelOf),
  };
}

const datasourceVariable = {
  name: "datasource",
  label: "Data source",
  type: "datasource",
  query: "prometheus",
  current: {},
  hide: 0,
};

const instanceVariable = {
  name: "instance",
  label: "Instance",
  type: "query",
  datasource: SOURCE,
  query: { query: "label_values(boathook_build_info, instance)", refId: "instance" },
  includeAll: true,
  multi: true,
  allValue: ".*",
  current: { selected: true, text: ["All"], value: ["$__all"] },
  refresh: 2,
  hide: 0,
};

function panelOf({ title, description, unit, series }: Panel, index: number) {
  return {
    id: index + 1,
    title,
    description,
    type: "timeseries",
    datasource: SOURCE,
    gridPos: {
      x: (index % 2) * PANEL_WIDTH,
      y: Math.floor(index / 2) * PANEL_HEIGHT,
      w: PANEL_WIDTH,
      h: PANEL_HEIGHT,
    },
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

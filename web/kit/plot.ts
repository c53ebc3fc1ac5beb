import uPlot from "uplot";

/** The library that draws charts. It is a file of its own, because most pages have no chart. */
export default uPlot;

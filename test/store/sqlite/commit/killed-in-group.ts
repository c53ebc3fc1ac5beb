/**
 * Stores a value, then kills its own process in the middle of a group. The argument is the data
 * directory.
 */
import { openStore } from "../../../../src/store/sqlite/index.ts";
import { Furnished } from "../../furnished.ts";
import { openedOnce } from "../../store-under-test.ts";
import { optionsFor } from "../open.ts";

const store = await openStore(optionsFor(process.argv[2]!, { sync: "full" }));
const world = await Furnished.open(async () => openedOnce(store));
const { meta } = store.housekeeping;
await meta.set("before", "1");
await store.together(() => [
  meta.set("in the group", "1"),
  store.configuration.applications.update(world.application.seq, () => {
    process.kill(process.pid, "SIGKILL");
    return {};
  }),
]);

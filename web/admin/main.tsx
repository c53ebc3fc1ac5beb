import "../kit/style/style.css";
import { render } from "preact";
import { App } from "./app.tsx";
import { followAddress } from "./route.ts";

followAddress();
const root = document.createElement("div");
root.id = "root";
document.body.append(root);
render(<App />, root);

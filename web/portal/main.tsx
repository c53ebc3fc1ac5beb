import "./portal.css";
import { render } from "preact";
import { keepFocus } from "../kit/kept-focus.ts";
import { App } from "./app.tsx";
import { applyAppearance, parseAppearance } from "./appearance.ts";
import { isFramed, reportHeight } from "./frame.ts";
import { followAddress } from "./session.ts";

const framed = isFramed();
if (framed) document.documentElement.dataset.framed = "";
applyAppearance(parseAppearance(location.search, framed));
followAddress();
const root = document.createElement("div");
root.id = "root";
document.body.append(root);
render(<App />, root);
keepFocus(root);
if (framed) reportHeight(root);

import "../kit/style/style.css";
import { render } from "preact";
import { followAddress } from "../kit/address.ts";
import { keepFocus } from "../kit/kept-focus.ts";
import { App } from "./app.tsx";
import { startSession } from "./login.ts";

void startSession();
followAddress();
const root = document.createElement("div");
root.id = "root";
document.body.append(root);
render(<App />, root);
keepFocus(root);

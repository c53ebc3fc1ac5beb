import "./guide.css";

/** The search of the guide's page of providers. Without this script, the page shows all of them. */

const search = document.getElementById("provider-search")!;
const input = document.getElementById("provider-words") as HTMLInputElement;
const count = document.getElementById("provider-count")!;
const rows = [...document.querySelectorAll<HTMLElement>("[data-words]")];

function show(): void {
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const row of rows) {
    const isShown = words.every((word) => row.dataset.words!.includes(word));
    row.hidden = !isShown;
    if (isShown) shown++;
  }
  count.textContent = shown === 1 ? "1 provider" : `${shown} providers`;
}

input.addEventListener("input", show);
// A link to a provider must find it, whatever was searched before.
addEventListener("hashchange", () => {
  input.value = "";
  show();
  document.getElementById(location.hash.slice(1))?.scrollIntoView();
});
search.hidden = false;
// The browser may have restored the text after a reload.
show();

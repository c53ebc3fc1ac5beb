import readme from "../../../README.md" with { type: "text" };

/** The texts of the guide's pages that are sections of the README, so that a server shows them too. */

/** The pages, with their titles and the headings of their sections. */
const PAGES: Readonly<Record<string, readonly [title: string, ...headings: string[]]>> = {
  sending: ["Sending", "Send your first webhook", "Verify a webhook"],
  receiving: ["Receiving", "Receiving"],
  concepts: ["Concepts", "Concepts"],
  guarantees: ["Guarantees", "Guarantees"],
  settings: ["Settings", "Configuration"],
};

export function isFromReadme(name: string): boolean {
  return name in PAGES;
}

/** Returns the text of a page. The headings of a single section move up by one level. */
export function readmeText(name: string): string {
  const [title, ...headings] = PAGES[name]!;
  const sections = headings.map((heading) => {
    const section = sectionOf(heading);
    return headings.length === 1 ? section.replace(/^###/gm, "##") : `## ${heading}\n\n${section}`;
  });
  return [`# ${title}`, ...sections].join("\n\n");
}

/** Returns the place in the guide of a section of the README, or null if the guide lacks it. */
export function readmePlace(anchor: string): string | null {
  for (const [name, [, ...headings]] of Object.entries(PAGES)) {
    if (!headings.some((heading) => anchorOf(heading) === anchor)) continue;
    return headings.length === 1 ? name : `${name}#${anchor}`;
  }
  return null;
}

/** Returns the text of a section without its heading, and without the comments that mark its parts. */
function sectionOf(heading: string): string {
  const start = `\n## ${heading}\n`;
  const section = readme.slice(readme.indexOf(start) + start.length).split(/^## /m)[0]!;
  return section.replace(/^<!-- .* -->\n/gm, "").trim();
}

function anchorOf(heading: string): string {
  return heading.toLowerCase().replaceAll(" ", "-");
}

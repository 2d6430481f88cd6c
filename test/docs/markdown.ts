/** As much of Markdown as the checks need. */

/** The text without fenced blocks, whose lines stay, empty. */
export function withoutCode(text: string): string {
  let inside = false;
  return text
    .split("\n")
    .map((line) => {
      const fence = /^\s*```/.test(line);
      if (fence) inside = !inside;
      return fence || inside ? "" : line;
    })
    .join("\n");
}

/** Targets of links and images that stay within the project. */
export function linksOf(text: string): string[] {
  const targets = [...withoutCode(text).matchAll(/\]\(([^()\s]+)\)/g)].map(([, target]) => target as string);
  return targets.filter((target) => !/^[a-z]+:/.test(target));
}

export function headingsOf(text: string, level: number): string[] {
  return [...withoutCode(text).matchAll(/^(#+) +(.+?) *$/gm)]
    .filter(([, marks]) => marks?.length === level)
    .map(([, , title]) => title as string);
}

/** The names that GitHub gives to headings; a repeated one gets a number. */
export function anchorsOf(text: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const [, title = ""] of withoutCode(text).matchAll(/^#+ +(.+?) *$/gm)) {
    const plain = title.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
    const anchor = plain.replace(/[^\p{L}\p{N}\s_-]/gu, "").replace(/\s/g, "-");
    let unique = anchor;
    for (let count = 1; anchors.has(unique); count++) unique = `${anchor}-${count}`;
    anchors.add(unique);
  }
  return anchors;
}

/** A source that holds all of its mutants and asks at run time which of them is active, so that it is compiled once. */
import type { Mutant, Place } from "./mutants.ts";

export interface Numbered {
  readonly id: number;
  readonly mutant: Mutant;
}

/** Answers whether the mutant is active; where nobody defined it, as in a child process, none is. */
const ask = (id: number): string => `globalThis.sojournMutant?.(${id})`;

interface Choice {
  readonly place: Place;
  readonly numbered: readonly Numbered[];
}

/** Places from the outside to the inside, in the order of the text. */
function choicesOf(numbered: readonly Numbered[]): readonly Choice[] {
  const byPlace = new Map<string, Numbered[]>();
  for (const one of numbered) {
    const name = `${one.mutant.place.start}-${one.mutant.place.end}`;
    byPlace.set(name, [...(byPlace.get(name) ?? []), one]);
  }
  return [...byPlace.values()]
    .flatMap((group) => (group[0] ? [{ place: group[0].mutant.place, numbered: group }] : []))
    .toSorted((one, other) => one.place.start - other.place.start || other.place.end - one.place.end);
}

function chosenBetween({ place, numbered }: Choice, original: string): string {
  if (place.kind === "statement") {
    const asked = numbered.map(({ id, mutant }) => `if (${ask(id)}) { ${mutant.text} } else `).join("");
    return `{ ${asked}{ ${original} } }`;
  }
  return `(${numbered.map(({ id, mutant }) => `${ask(id)} ? (${mutant.text}) : `).join("")}(${original}))`;
}

export function instrumented(source: string, numbered: readonly Numbered[]): string {
  const choices = choicesOf(numbered);
  let next = 0;
  const render = (start: number, end: number): string => {
    let text = "";
    let at = start;
    for (let choice = choices[next]; choice && choice.place.start < end; choice = choices[next]) {
      next += 1;
      text += source.slice(at, choice.place.start);
      text += chosenBetween(choice, render(choice.place.start, choice.place.end));
      at = choice.place.end;
    }
    return text + source.slice(at, end);
  };
  return render(0, source.length);
}

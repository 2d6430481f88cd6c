/** More lives than end at one key while any write of them is under way. */
const MOST = 16;

/** The lives of a key that are over, the latest last: what is written of them counts no more. */
export class Grave {
  readonly #lives: readonly string[];

  constructor(text: string | undefined) {
    this.#lives = text === undefined ? [] : text.split(" ");
  }

  get text(): string {
    return this.#lives.join(" ");
  }

  has(life: string): boolean {
    return this.#lives.includes(life);
  }

  with(life: string): Grave {
    const lives = this.#lives.filter((other) => other !== life);
    return new Grave([...lives, life].slice(-MOST).join(" "));
  }
}

/** Stands beside a life that was deleted, and not only followed by another. */
export function ended(life: string): string {
  return `${life}!`;
}

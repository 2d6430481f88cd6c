/**
 * Records are kept in columns, not in objects: a number costs 8 bytes here and 24 as a property, and the
 * collector has nothing to walk through. Pages, because an array that doubles needs three times the room.
 */
const PAGE_BITS = 12;
const PAGE = 1 << PAGE_BITS;
const MASK = PAGE - 1;

/** Numbers by slot; 0 where nothing was written. */
export class NumberColumn {
  readonly #pages: Float64Array[] = [];

  get(slot: number): number {
    return this.#pages[slot >>> PAGE_BITS]?.[slot & MASK] as number;
  }

  set(slot: number, value: number): void {
    const page = this.#pages[slot >>> PAGE_BITS];
    if (page) page[slot & MASK] = value;
    else this.#grow(slot)[slot & MASK] = value;
  }

  #grow(slot: number): Float64Array {
    const page = new Float64Array(PAGE);
    this.#pages[slot >>> PAGE_BITS] = page;
    return page;
  }
}

/** Slots by slot, as links have them: 32 bits. */
export class LinkColumn {
  readonly #pages: Int32Array[] = [];

  get(slot: number): number {
    return this.#pages[slot >>> PAGE_BITS]?.[slot & MASK] as number;
  }

  set(slot: number, value: number): void {
    const page = this.#pages[slot >>> PAGE_BITS];
    if (page) page[slot & MASK] = value;
    else this.#grow(slot)[slot & MASK] = value;
  }

  #grow(slot: number): Int32Array {
    const page = new Int32Array(PAGE);
    this.#pages[slot >>> PAGE_BITS] = page;
    return page;
  }
}

/** Texts by slot; undefined where there is none. */
export class TextColumn {
  readonly #pages: (string | undefined)[][] = [];

  get(slot: number): string | undefined {
    return this.#pages[slot >>> PAGE_BITS]?.[slot & MASK];
  }

  set(slot: number, value: string | undefined): void {
    const page = this.#pages[slot >>> PAGE_BITS];
    if (page) page[slot & MASK] = value;
    else this.#grow(slot)[slot & MASK] = value;
  }

  #grow(slot: number): (string | undefined)[] {
    const page = new Array<string | undefined>(PAGE).fill(undefined);
    this.#pages[slot >>> PAGE_BITS] = page;
    return page;
  }
}

/** No slot. */
export const NONE = -1;

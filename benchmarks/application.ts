/** What every server of the benchmark does: it counts, in a session of about 200 bytes. */

export interface Data {
  count?: number;
  user?: { readonly id: string; readonly name: string; readonly roles: readonly string[] };
  cart?: readonly { readonly sku: string; readonly quantity: number }[];
  theme?: string;
}

/** With a count beside it, 200 bytes of JSON. */
const CONTENTS: Data = {
  user: { id: "f5c1be6e-7c1c-4d1c-9f52-0e7d4cc0a2b5", name: "Anna Example", roles: ["editor", "author"] },
  cart: [
    { sku: "A-1001", quantity: 2 },
    { sku: "B-2040", quantity: 1 },
  ],
  theme: "dark",
};

/** - `read`: looks at the session; `change`: counts; `anonymous`: has no session and does not ask for one. */
export const ACTIONS = ["read", "change", "anonymous"] as const;
export type Action = (typeof ACTIONS)[number];

export function sample(): Data {
  return { count: 7, ...CONTENTS };
}

/** The change that a request makes. */
export function increment(data: Data): number {
  if (data.count === undefined) Object.assign(data, CONTENTS);
  data.count = (data.count ?? 0) + 1;
  return data.count;
}

export function page(count: number | undefined): string {
  return `count: ${count ?? 0}`;
}

/** 32 bytes for everybody. */
export const SECRET = "0Fq3mC9TzV5w8yRbJ2nK7pXsLd4hGaEu1tQiO6vZxYc";

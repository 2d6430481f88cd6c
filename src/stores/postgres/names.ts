/** The quoted names of everything in the database, made from the schema and the one table name that was asked for. */
export interface Names {
  readonly schema: string;
  readonly sessions: string;
  readonly epochs: string;
  readonly meta: string;
  readonly byUser: string;
  readonly bySweep: string;
  /** Login, and one record in the place of another. */
  readonly admit: string;
  readonly endUser: string;
  readonly endAll: string;
  /** What release 0.1.0 calls; they do as the three above, for as long as its processes run. */
  readonly first: { readonly admit: string; readonly endUser: string; readonly endAll: string };
  /** Where the keys of ended sessions are told. Needs no quotes. */
  readonly channel: string;
  /**
   * The number of the advisory lock, as SQL. Locks are per database; in 64 bits nothing of the application's meets it.
   */
  readonly lock: string;
}

/** Any name as an identifier: a schema may be the database's own and hold anything. */
export function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text between dollar signs, with a tag that it does not hold itself. */
export function dollar(text: string): string {
  for (let turn = 1; ; turn++) {
    const tag = `$sojourn${turn}$`;
    if (!text.includes(tag)) return `${tag}${text}${tag}`;
  }
}

const MASK = 0xffff_ffff_ffff_ffffn;

/** FNV-1a over UTF-16 code units. It tells apart, it protects nothing. */
export function hash(text: string): bigint {
  let sum = 0xcbf2_9ce4_8422_2325n;
  for (let at = 0; at < text.length; at++) {
    sum = ((sum ^ BigInt(text.charCodeAt(at))) * 0x0100_0000_01b3n) & MASK;
  }
  return sum;
}

export function namesOf(schema: string, table: string): Names {
  const inSchema = (suffix: string): string => `${quote(schema)}.${quote(table + suffix)}`;
  const sum = hash(`sojourn ${schema}.${table}`);
  return {
    schema: quote(schema),
    sessions: inSchema(""),
    epochs: inSchema("_epochs"),
    meta: inSchema("_meta"),
    // An index is made in the schema of its table, and named without it.
    byUser: quote(`${table}_by_user`),
    bySweep: quote(`${table}_by_sweep`),
    admit: inSchema("_admit_2"),
    endUser: inSchema("_end_user_2"),
    endAll: inSchema("_end_all_2"),
    first: { admit: inSchema("_admit"), endUser: inSchema("_end_user"), endAll: inSchema("_end_all") },
    channel: `sojourn_${sum.toString(16).padStart(16, "0")}`,
    lock: `(${BigInt.asIntN(64, sum)})::bigint`,
  };
}

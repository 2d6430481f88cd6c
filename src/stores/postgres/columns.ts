/** How columns go into statements and come out of them: the parts that statements and functions share. */

/** A time goes in as milliseconds and comes out as such, so neither a driver nor the database's time zone has a say. */
export const at = (parameter: number): string => `to_timestamp($${parameter}::float8 / 1000)`;
const ms = (column: string): string => `(date_part('epoch', ${column}) * 1000)::text`;

/**
 * As row.ts reads them. No column that is answered with has underscores: `postgres` may have been told to rename those.
 */
export const facts = (row = ""): string =>
  `${row}version::text || ' ' || ${["created_at", "seen_at", "expires_at"]
    .map((column) => ms(row + column))
    .join(" || ' ' || ")} || coalesce(' ' || ${row}user_id, '')`;

/** The two times of a write: neither moves back when a touch came between the read and the write. */
export function laterTimes(
  seen: string,
  expires: string,
  row = "",
): { readonly seen: string; readonly expires: string } {
  return {
    seen: `greatest(${row}seen_at, ${seen})`,
    expires: `CASE WHEN ${seen} < ${row}seen_at THEN greatest(${row}expires_at, ${expires}) ELSE ${expires} END`,
  };
}

/**
 * A bucket of keys for every master of a Cluster, so that `health` can write to each of them.
 */
import type { Connection, Send } from "../connection.ts";
import { allBuckets } from "../layout.ts";

const SLOTS = 16_384;

/** CRC-16 as Redis Cluster uses it (XMODEM: polynomial 0x1021, begun with 0), over ASCII. */
function crc16(text: string): number {
  let sum = 0;
  for (let at = 0; at < text.length; at += 1) {
    sum ^= text.charCodeAt(at) << 8;
    for (let bit = 0; bit < 8; bit += 1) sum = sum & 0x8000 ? ((sum << 1) ^ 0x1021) & 0xffff : (sum << 1) & 0xffff;
  }
  return sum;
}

/** The slot of every key with this in its braces. */
const slotOf = (bucket: string): number => crc16(bucket) % SLOTS;

/** For each master the bucket of one of its slots; a master without any has no records either. */
export async function bucketsOfMasters(connection: Connection): Promise<readonly string[]> {
  const [send] = await connection.masters();
  const answer = await (send as Send)(["CLUSTER", "SLOTS"]);
  const ranges = (answer as readonly (readonly [unknown, unknown, readonly unknown[]])[]).map(
    ([from, to, [host, port]]) => ({ from: Number(from), to: Number(to), master: `${host} ${port}` }),
  );
  const found = new Map<string, string>();
  for (const bucket of allBuckets()) {
    const slot = slotOf(bucket);
    const range = ranges.find(({ from, to }) => from <= slot && slot <= to);
    // A slot without a master is answered with an error, as a request would be.
    const master = range?.master ?? "none";
    if (!found.has(master)) found.set(master, bucket);
  }
  return [...found.values()];
}

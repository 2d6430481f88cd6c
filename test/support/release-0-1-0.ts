/** What release 0.1.0 left behind: a database with three live sessions (two of ann's), one that was revoked, and their instants. */
import { gunzipSync } from "node:zlib";

/** When the sessions were made. They live for an hour from then. */
export const MADE_AT = 1_767_225_600_000;

/** The keys, as `scan` gives them. */
export const KEYS: readonly string[] = ["ann-laptop", "ann-phone", "anonymous"];

const FILE = `
H4sIAAAAAAACA+3dz2/bZBgH8PfN68ROafZSlSrilHeRJlGtZosCTctAUKjFIkoLaapuGlNkJ2+3QGKH2CmLJiSCduHGBS78A1w5ceAKQghxAd
EDBzRV4oQmMU2axA07Tpo1P5orrb4fxZHfX/Hj97UPjxMp2+9uVD0p9pxm3fREljxNKCWvCUEIYf6mkYGYvylPlCmZjpHn9z9L8B2iPlUh/Gbi
kD+TeG/229m4XwQAAAAAOJM6aVVN5nK0U/ZMqyZd532n1bRLrnTdqmO7pbr0zLGV2hsFY61oiOLa6xuGSI/tkxbP2WZdiqJxrSg2t/xtZ2NDvF
PIv71WuC7eMq4viX2z1pIiv1k03jQKR30WxW6+eHVrpygKW7v59c7FmJq8coV26uODlA2nfNudUK1OCTTs5YfacmWzVK2cFG2379Ro01E1+YpO
O7eqdkXeGTmg1S4Fhxquj/XizG+uG9fGxNkblhZbm6Otg/CXRLkpTU9WSqbnB3bVKBiif2b57aOYO0xRk2t+kBcmBinvNKrN9nBLdHqY4cCJgX
abpRvE9+mliJrUdXpvbuzCDpfZyUvpf/aM6PpAtk9Yxl6nJ9e7X9cw2zXHHLoG+o2DiR25BPpdXCntk9oH5z6xy75/afhnM9LebV58lcWS2zol
4ap9WPMT5JLZ8pxuuTSyGpnhGqWfOHcEVZOrq7RzY8I95X9gZXxtZNodFXTyFyO44noncewuGlmdJeE0q/7dcrx2MREk8vxX4r8AAAAAAAAA4N
RYogpZ2Lnl2LKczeaWZaail1cyWf2F5fKevlrOrOjmynLOWslKmd0zg/yfcYvwH/kX3OIvYv4AAAAAAAAAei4q2sL8XDQajQVptuVYdz+mX+3/
8TXpv3809+UnhPzAfrJ+3ssw7XzY2bRtvWY2PKfh740f8vn6waVv7l2OaKnBkMZt/yCTRsT+TH23+3IhR7UUuRCOcOx23Wm5d9Nls+mlX7qRuT
l2IPn+HyNyeaab/x8QfsD/4o/4L1hcAAAAAAAAgP85jS3Q4ImEco6dp4OnDSzBUvToSUJklqXiR08Jwvz/PuGP+d/8Pv8dkwgAAAAAAABwSsyw
KA2/5lcGu2ywG4mzaDzcDfL/CD8k/CE/5L9h6gAAAAAAAABOiXPKfJRajhX+3F/pFk3bDovseDES5P+U/0v8FwAAAAAAAACcNTE2H7ccK/z+/w
HhD/hjTAoAAAAAAADAGaCxpNb9e804ezZeM9tOy/sPn8EP5QCAAAA=`;

/** The file that `sqliteStore(path)` wrote, byte for byte. */
export function sqliteFile(): Uint8Array {
  return gunzipSync(Buffer.from(FILE, "base64"));
}

/** The tables of D1 and of a Durable Object, and a session of ann's, as that release made them. */
export function cloudflareStatements(table: string): readonly string[] {
  return [
    `CREATE TABLE "${table}" (key TEXT NOT NULL PRIMARY KEY, user_id TEXT, payload TEXT NOT NULL,
      created_at INTEGER NOT NULL, seen_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, version INTEGER NOT NULL)`,
    `CREATE INDEX "${table}_by_expiry" ON "${table}" (expires_at)`,
    `CREATE INDEX "${table}_by_user" ON "${table}" (user_id, created_at) WHERE user_id IS NOT NULL`,
    `CREATE TABLE "${table}_epochs" (user_id TEXT NOT NULL PRIMARY KEY, epoch INTEGER NOT NULL) WITHOUT ROWID`,
    `CREATE TABLE "${table}_meta" (name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID`,
    `INSERT INTO "${table}" VALUES ('ann-phone', 'ann', '{}', ${MADE_AT}, ${MADE_AT}, ${MADE_AT + 3_600_000}, 7)`,
    `INSERT INTO "${table}_epochs" VALUES ('bob', 1)`,
    `INSERT INTO "${table}_meta" VALUES ('epoch', 0), ('layout', 1)`,
  ];
}

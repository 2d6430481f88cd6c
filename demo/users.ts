/** The users of the demo. An application has a table here; what matters is that both ways to fail take equally long. */
import { hashPassword, verifyPassword } from "./passwords.ts";

export interface User {
  readonly id: string;
  readonly name: string;
}

export interface Users {
  find(id: string | undefined): User | undefined;
  /** The user, when there is one of that name and the password is theirs. */
  authenticate(name: string, password: string): Promise<User | undefined>;
}

/** Shown at start and on the login page, which no other application should do. */
export const SEEDS: readonly (User & { readonly password: string })[] = [
  { id: "ann", name: "Ann", password: "lantern-orchard-7" },
  { id: "ben", name: "Ben", password: "copper-meadow-4" },
];

export async function seedUsers(): Promise<Users> {
  const users = new Map<string, User & { readonly hash: string }>();
  for (const { password, ...user } of SEEDS) users.set(user.id, { ...user, hash: await hashPassword(password) });
  const decoy = await hashPassword("nobody's password");

  return {
    find: (id) => (id === undefined ? undefined : users.get(id)),
    async authenticate(name, password) {
      const user = users.get(name);
      // An unknown name costs a hash too: the time of the answer must not tell which names exist.
      const matches = await verifyPassword(password, user?.hash ?? decoy);
      return matches ? user : undefined;
    },
  };
}

import { nuxtUserSession } from "sojourn/client/hooks";

/** What a page is shown of its session: the data of server/utils/sessions.ts without what is the server's alone. */
interface Shown {
  readonly user?: { readonly id: string };
  readonly count?: number;
  readonly note?: string;
}

export const useUserSession = () => nuxtUserSession<Shown>({ useState, computed, useRequestFetch });

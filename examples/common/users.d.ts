/** The user's id, when there is one of that name and the password is theirs. */
export function authenticate(name: string, password: string): string | undefined;

/** The user's id, when there is an invitation of that code. */
export function invited(code: string): string | undefined;

/** "Chromium on Linux", as the list of devices shows it. */
export function nameOf(device: { readonly browser?: string; readonly system?: string } | undefined): string;

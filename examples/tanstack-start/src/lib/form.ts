/** What a server function of a form is given. */
export function form(data: unknown): FormData {
  if (data instanceof FormData) return data;
  throw new TypeError("Send a form.");
}

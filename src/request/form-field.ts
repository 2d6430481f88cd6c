/**
 * The token of a form, where a Fetch request brings none in its header.
 */

/** Forms with a token are small; a larger body brings it in the header. */
const MOST_FORM_BYTES = 1_048_576;

/**
 * A field of a form, read from a copy of the body so that the application can read it too; null for other bodies and
 * for those over 1 MiB, which are not read.
 *
 * @example
 * ```ts
 * import { formField } from "sojourn/adapter";
 *
 * await sessions.protect(request, session, (field) => formField(request, field));
 * ```
 */
export async function formField(request: Request, field: string): Promise<string | null> {
  const type = request.headers.get("content-type") ?? "";
  const length = Number(request.headers.get("content-length") ?? 0);
  if (!/^(application\/x-www-form-urlencoded|multipart\/form-data)\b/i.test(type) || length > MOST_FORM_BYTES)
    return null;
  try {
    const bytes = await firstBytes(request.clone());
    const form = bytes && (await new Response(bytes, { headers: { "content-type": type } }).formData());
    const value = form?.get(field);
    return typeof value === "string" ? value : null;
  } catch {
    return null;
  }
}

/** The whole body, or undefined when there is too much of it: a length is not always sent, and not always true. */
async function firstBytes(request: Request): Promise<Blob | undefined> {
  const reader = request.body?.getReader();
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for (let size = 0; reader; ) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > MOST_FORM_BYTES) {
      reader.cancel().catch(() => {});
      return undefined;
    }
    chunks.push(value);
  }
  return new Blob(chunks);
}

/**
 * Whether what is percent-encoded in a URL can be read. A password with a "%" of its own cannot: told at once and as a
 * mistake in the option, for a driver would fail in the middle of the first call, some with the whole URL in the error.
 */
export function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

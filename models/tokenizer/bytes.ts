/**
 * GPT-2's alphabet: every byte has a printable character, so that tokens can be written as text.
 * Printable Latin-1 bytes stand for themselves, the others for characters from U+0100 on.
 */
export const BYTE_CHARS: readonly string[] = (() => {
  const chars = new Array<string>(256);
  let next = 256;
  for (let byte = 0; byte < 256; byte++) {
    const printable =
      (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    chars[byte] = String.fromCharCode(printable ? byte : next++);
  }
  return chars;
})();

const BYTE_OF_CHAR = new Map(BYTE_CHARS.map((char, byte) => [char, byte]));

const utf8 = new TextEncoder();

/** The UTF-8 bytes of `text`, each as its character. */
export function toByteChars(text: string): string[] {
  return Array.from(utf8.encode(text), (byte) => BYTE_CHARS[byte] as string);
}

/** The bytes that a token's text stands for. */
export function fromByteChars(token: string): number[] {
  return Array.from(token, (char) => {
    const byte = BYTE_OF_CHAR.get(char);
    if (byte === undefined) throw new RangeError(`not in the byte alphabet: ${char}`);
    return byte;
  });
}

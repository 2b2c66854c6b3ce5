/** For each character of an encoding, its bytes: the decoder's own table, read the other way round. */
const tables = new Map<string, Map<string, number[]>>();

/**
 * A text in an encoding of at most two bytes a character, as an old editor would have saved it.
 * @throws where the encoding does not have a character
 */
export function encode(text: string, encoding: string): Uint8Array {
  const table = tables.get(encoding) ?? tableOf(encoding);
  tables.set(encoding, table);
  const bytes = [...text].flatMap((character) => {
    const found = table.get(character);
    if (!found) throw new Error(`${encoding} has no “${character}”.`);
    return found;
  });
  return new Uint8Array(bytes);
}

function tableOf(encoding: string): Map<string, number[]> {
  const decoder = new TextDecoder(encoding, { fatal: true });
  const table = new Map<string, number[]>();
  const note = (...bytes: number[]) => {
    try {
      const text = decoder.decode(new Uint8Array(bytes));
      if ([...text].length === 1 && !table.has(text)) table.set(text, bytes);
      return true;
    } catch {
      return false;
    }
  };
  for (let first = 0; first < 256; first++) {
    // A byte that stands for nothing may begin a pair.
    if (note(first)) continue;
    for (let second = 0x40; second < 256; second++) note(first, second);
  }
  return table;
}

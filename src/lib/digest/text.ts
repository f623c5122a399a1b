/** What `end` returns: the digests that are finished, and the state of those that are not. */
export interface DigestText {
  /** The digests of finished parts in order, in hexadecimal, by part size in bytes. */
  readonly finished: ReadonlyMap<number, readonly string[]>;
  /** The saved states of unfinished parts, by the offset of their first byte in the file. */
  readonly open: ReadonlyMap<number, Uint8Array>;
}

/** The text for bytes whose digests are not known. */
export const unknownDigests = '';

const hexLength = 32;

export function encodeText({ finished, open }: DigestText): string {
  const digests = [...finished].map(([partSize, hexes]) => [partSize, hexes.join('')]);
  const states = [...open].map(([offset, state]) => [offset, Buffer.from(state).toString('base64')]);
  return JSON.stringify({ finished: Object.fromEntries(digests), open: Object.fromEntries(states) });
}

/** Returns undefined for `unknownDigests`, and for a text that this version cannot read. */
export function decodeText(text: string): DigestText | undefined {
  try {
    const { finished, open } = JSON.parse(text) as Record<keyof DigestText, Record<string, string>>;
    return {
      finished: new Map(Object.entries(finished).map(([partSize, hexes]) => [Number(partSize), splitHexes(hexes)])),
      open: new Map(Object.entries(open).map(([offset, state]) => [Number(offset), Buffer.from(state, 'base64')])),
    };
  } catch {
    return undefined;
  }
}

function splitHexes(hexes: string): string[] {
  return Array.from({ length: hexes.length / hexLength }, (_, index) => hexes.slice(index * hexLength, (index + 1) * hexLength));
}

/**
 * Joins the texts of a file's bytes, in order. Returns the digests of all finished parts by part
 * size. A part size for which one of the texts has no digests is left out.
 */
export function partDigests(texts: readonly string[]): ReadonlyMap<number, readonly string[]> {
  const decoded = texts.map(decodeText);
  const [first] = decoded;
  const sizes = [...(first?.finished.keys() ?? [])];
  const known = sizes.filter((size) => decoded.every((text) => text?.finished.has(size)));
  return new Map(known.map((size) => [size, decoded.flatMap((text) => text?.finished.get(size) ?? [])]));
}

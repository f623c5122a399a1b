/**
 * Splits a command line as bash or the Windows prompt does. Handles only the syntax that browsers
 * write.
 */
export function shellWords(text: string): string[] {
  return /\^["\r\n]/.test(text) ? splitWords(withoutCarets(text), 'cmd') : splitWords(text, 'bash');
}

/** Removes carets. At the Windows prompt a caret escapes the next character and joins lines. */
function withoutCarets(text: string): string {
  return text.replace(/\^\r?\n/g, ' ').replace(/\^([\s\S])/g, '$1');
}

const pieces = {
  bash: /\$'(?<ansi>(?:[^'\\]|\\[\s\S])*)'|'(?<single>[^']*)'|"(?<double>(?:[^"\\]|\\[\s\S])*)"|\\(?<escaped>[\s\S])|(?<bare>[^\s'"\\$]+|\$)|\s+/g,
  cmd: /"(?<double>(?:[^"\\]|\\[\s\S]|"")*)"|(?<bare>[^\s"]+)|\s+/g,
} as const;

/** Splits a line into words. A word is a sequence of pieces without white space between them. */
function splitWords(text: string, shell: keyof typeof pieces): string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (const { groups = {} } of text.matchAll(pieces[shell])) {
    const { ansi, single, double, escaped, bare } = groups;
    if (escaped === '\n') continue;
    const piece =
      single ?? escaped ?? bare ?? (ansi === undefined ? double && unescapeDouble(double) : unescapeAnsi(ansi)) ?? double;
    if (piece !== undefined) word = (word ?? '') + piece;
    else if (word !== undefined) words.push(word);
    if (piece === undefined) word = undefined;
  }
  return word === undefined ? words : [...words, word];
}

function unescapeDouble(text: string): string {
  return text
    .replace(/\\\n/g, '')
    .replace(/\\(["\\$`])/g, '$1')
    .replaceAll('""', '"');
}

const ansiEscapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

function unescapeAnsi(text: string): string {
  return text.replace(/\\(?:u([0-9a-f]{4})|x([0-9a-f]{2})|([\s\S]))/gi, (_, unicode?: string, hex?: string, sign = '') =>
    unicode || hex ? String.fromCharCode(Number.parseInt(unicode ?? hex ?? '', 16)) : (ansiEscapes[sign] ?? sign),
  );
}

/** HTML that is already escaped. */
export interface Html {
  readonly html: string;
}

type Value = string | number | Html | readonly Html[];

/**
 * Makes HTML from a template. Every text is escaped, so that no name of a file becomes markup. A
 * list of HTML is joined.
 */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Html {
  return { html: parts.reduce((text, part, index) => text + escaped(values[index - 1]!) + part) };
}

function escaped(value: Value): string {
  if (typeof value === 'string' || typeof value === 'number') return escapeText(String(value));
  return 'html' in value ? value.html : value.map((one) => one.html).join('');
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => entities[sign]!);
}

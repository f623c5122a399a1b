/** A report as one page of HTML that needs nothing else. No I/O. */
import { createHash } from 'node:crypto';
import { clean, printable } from '../../lib/log.ts';
import type { Proof } from '../../media.ts';
import { shortened } from '../../lib/text.ts';
import { count, formatBytes } from '../../report/figures.ts';
import { html, type Html } from './html.ts';
import type { Named, Problem, ReportModel } from './model.ts';
import { pageStyle } from './page-style.ts';

/** A page begins with this text, so that a later report may replace it. */
export const pageMark = '<!doctype html>\n<!-- A report of Cloud Sync -->\n';

/** Only the page's own style is allowed. Nothing is loaded, and nothing runs. */
const policy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(pageStyle).digest('base64')}'`;

/** The policy allows exactly this text, so nothing may come between the tags and the style. */
const style: Html = { html: `<style>${pageStyle}</style>` };

const maxNameLength = 200;
const maxReasonLength = 1_000;

export function reportPage(model: ReportModel): string {
  const sections = [
    head(model),
    verdict(model),
    problemsSection(model),
    chart('By month', 'When the files were recorded, by the clock of the camera.', model.months),
    chart('By camera', '', model.cameras),
    chart('By type', '', model.types),
    chart('Proof', "How the bytes compare with the cloud's own checksums.", model.proofs.map(explainProof)),
    chart('Last read', 'When the bytes were last read and compared.', model.checks),
    largestSection(model),
  ];
  const title = `Archive in ${name(model.place)}`;
  const page = html`<html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta http-equiv="Content-Security-Policy" content="${policy}" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      <title>${title}</title>
      ${style}
    </head>
    <body>
      <main>${sections}</main>
      <footer>Made by Cloud Sync on ${day(model.madeAt)}. Archive ${name(model.archiveId)}. ${source(model)}</footer>
    </body>
  </html> `;
  return pageMark + page.html;
}

function head({ place, archived, media, firstAt, lastAt, oldestReadAt, proofs }: ReportModel): Html {
  const proven = proofs.find((proof) => proof.name === 'proven')?.files ?? 0;
  const share = archived.files === 0 ? '–' : `${Math.floor((100 * proven) / archived.files)} %`;
  const figures = [
    ['Files', archived.files.toLocaleString('en')],
    ['Videos and photos', media.toLocaleString('en')],
    ['Size', formatBytes(archived.bytes)],
    ['Proven', share],
    ['Oldest check', oldestReadAt === null ? 'never read' : day(oldestReadAt, 'short')],
  ] as const;
  const span = firstAt === null || lastAt === null ? '' : `From ${day(firstAt)} to ${day(lastAt)}.`;
  return html`<h1>Archive report</h1>
    <p class="soft"><bdi>${name(place)}</bdi></p>
    <p class="soft">${span}</p>
    <dl class="figures">
      ${figures.map(
        ([label, figure]) =>
          html`<div>
            <dt>${label}</dt>
            <dd>${figure}</dd>
          </div>`,
      )}
    </dl> `;
}

function verdict({ archived, problemCounts, hasTracker }: ReportModel): Html {
  const open = problemCounts.filter(({ word }) => word !== 'accepted');
  if (open.length > 0) {
    const parts = open.map(({ word, entries }) => `${entries.toLocaleString('en')} ${name(word)}`);
    return html`<p class="verdict warn">
      <strong>Not everything is archived:</strong> ${parts.join(', ')}. The list below says why.
    </p> `;
  }
  if (archived.files === 0) return html`<p class="verdict warn">The archive has no files.</p> `;
  const text = hasTracker ? 'Everything that is known is archived.' : 'Every file that the archive describes is there.';
  return html`<p class="verdict">${text}</p> `;
}

function source({ hasTracker }: ReportModel): string {
  return hasTracker
    ? 'The report says what the tracker on this computer knows. `verify` compares it with the files.'
    : 'This computer has no tracker of the archive, so the report says only what the archive describes.';
}

/** A table with a bar for the bytes in each row. Empty if there are no rows. */
function chart(title: string, note: string, rows: readonly Named[]): Html {
  if (rows.length === 0) return html``;
  const most = Math.max(...rows.map(({ bytes }) => bytes), 1);
  return html`<h2>${title}</h2>
    <table>
      <caption>
        ${note}
      </caption>
      <thead>
        <tr>
          <th scope="col">${title.replace(/^By /, '')}</th>
          <th scope="col" class="number">files</th>
          <th scope="col" class="number">size</th>
          <th scope="col" class="chart"></th>
        </tr>
      </thead>
      <tbody>
        ${rows.map((row) => chartRow(row, most))}
      </tbody>
    </table> `;
}

function chartRow({ name: label, files, bytes }: Named, most: number): Html {
  const width = `${((100 * bytes) / most).toFixed(1)}%`;
  const bar = html`<svg class="bar" aria-hidden="true" focusable="false">
    <rect width="${width}" height="100%" rx="2"></rect>
  </svg>`;
  return html`<tr>
    <td><bdi>${name(label)}</bdi></td>
    <td class="number">${files.toLocaleString('en')}</td>
    <td class="number">${formatBytes(bytes)}</td>
    <td class="chart">${bar}</td>
  </tr> `;
}

const proofTexts: ReadonlyMap<string, string> = new Map(
  Object.entries({
    proven: 'proven: the bytes match',
    none: 'none: the cloud has no usable checksum',
    unchecked: 'unchecked: not compared yet',
    disputed: 'disputed: the same bytes came twice and do not match',
  } satisfies Record<Proof, string>),
);

function explainProof(proof: Named): Named {
  return { ...proof, name: proofTexts.get(proof.name) ?? proof.name };
}

function problemsSection({ problems, problemCounts }: ReportModel): Html {
  if (problems.length === 0) return html``;
  const all = problemCounts.reduce((sum, { entries }) => sum + entries, 0);
  const hidden = all - problems.length;
  const more =
    hidden > 0
      ? html`<p>${count(hidden, 'more entry', 'more entries')}: <code>cloud-sync report --csv</code> lists all.</p>`
      : html``;
  return html`<h2>What is missing, and why</h2>
    <table class="details">
      <thead>
        <tr>
          <th scope="col">status</th>
          <th scope="col">file, video or photo</th>
          <th scope="col">reason</th>
          <th scope="col">since</th>
        </tr>
      </thead>
      <tbody>
        ${problems.map(problemRow)}
      </tbody>
    </table>
    ${more} `;
}

function problemRow({ word, name: label, mediaId, reason, since }: Problem): Html {
  return html`<tr>
    <td class="word ${name(word)}">${name(word)}</td>
    <td><bdi>${name(label)}</bdi> <span class="soft">${name(mediaId)}</span></td>
    <td>${clean(shortened(reason, maxReasonLength))}</td>
    <td>${day(since)}</td>
  </tr> `;
}

function largestSection({ largest }: ReportModel): Html {
  if (largest.length === 0) return html``;
  return html`<h2>Largest files</h2>
    <table>
      <thead>
        <tr>
          <th scope="col">file</th>
          <th scope="col" class="number">size</th>
        </tr>
      </thead>
      <tbody>
        ${largest.map(
          ({ name: label, bytes }) =>
            html`<tr>
              <td><bdi>${name(label)}</bdi></td>
              <td class="number">${formatBytes(bytes)}</td>
            </tr> `,
        )}
      </tbody>
    </table> `;
}

/** A text of another system, in a length that a page can show. Nothing in it is invisible. */
function name(text: string): string {
  return printable(shortened(text, maxNameLength));
}

/** `2025-07-14` as `14 July 2025`. The digits are those of the text, whatever the time zone is. */
function day(iso: string, month: 'long' | 'short' = 'long'): string {
  const date = new Date(`${iso.slice(0, 10)}T00:00:00Z`);
  if (Number.isNaN(date.getTime())) return name(iso);
  return date.toLocaleDateString('en-GB', { day: 'numeric', month, year: 'numeric', timeZone: 'UTC' });
}

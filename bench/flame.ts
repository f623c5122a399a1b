/** A CPU profile, as V8 writes it, drawn as a flame graph: an SVG that needs no script. */

export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
    readonly children?: readonly number[];
  }[];
  /** Ids of nodes, each on top of the stack for a while. */
  readonly samples: readonly number[];
  /** Microseconds from the sample before to the one of the same index. */
  readonly timeDeltas: readonly number[];
}

/** A function under its callers; calls from the same callers are one frame. */
interface Frame {
  readonly name: string;
  readonly place: string;
  micros: number;
  readonly callees: Map<string, Frame>;
}

const width = 1200;
const rowHeight = 17;
const captionHeight = 44;
const letterWidth = 6.7;
const minWidth = 1.5; // narrower frames are left out, which keeps the picture small

const colours = { 'src/': '#f4a261', 'node:': '#a8d5a2', packages: '#9ec5e8', native: '#d5d0c8' };

/** Callers below, callees above; as wide as their share of the time. Waiting is left out. */
export function flameGraph(profile: CpuProfile, title: string): string {
  const root = merged(profile);
  const height = captionHeight + depthOf(root, root.micros) * rowHeight;
  const caption = `${title}: ${(root.micros / 1e6).toFixed(2)} s of the main thread, waiting left out`;
  const legend = Object.entries(colours).map(([kind, colour], index) => {
    const x = 4 + index * 90;
    return `<rect x="${x}" y="24" width="12" height="12" fill="${colour}"/><text x="${x + 16}" y="34">${kind}</text>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="monospace" font-size="11">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<text x="4" y="15" font-size="13">${escaped(caption)}</text>`,
    ...legend,
    ...drawn(root, { x: 0, level: 0, height, totalMicros: root.micros }),
    '</svg>\n',
  ].join('\n');
}

function merged({ nodes, samples, timeDeltas }: CpuProfile): Frame {
  const own = new Map<number, number>();
  for (const [index, id] of samples.entries()) own.set(id, (own.get(id) ?? 0) + Math.max(0, timeDeltas[index + 1] ?? 0));
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const add = (into: Frame, id: number): number => {
    const node = byId.get(id);
    if (!node || node.callFrame.functionName === '(idle)') return 0;
    const { functionName, url } = node.callFrame;
    const frame = calleeOf(into, functionName || '(anonymous)', placeOf(url));
    const micros = (node.children ?? []).reduce((sum, child) => sum + add(frame, child), own.get(id) ?? 0);
    frame.micros += micros;
    return micros;
  };
  const root: Frame = { name: 'all', place: '', micros: 0, callees: new Map() };
  for (const child of nodes[0]?.children ?? []) root.micros += add(root, child);
  return root;
}

function calleeOf({ callees }: Frame, name: string, place: string): Frame {
  const key = `${name} ${place}`;
  const callee = callees.get(key) ?? { name, place, micros: 0, callees: new Map() };
  callees.set(key, callee);
  return callee;
}

/**
 * Where a function is from, without where that is on this machine: `src/sync.ts`, `node:fs`, a
 * package's name.
 */
export function placeOf(url: string): string {
  if (url === '' || url.startsWith('node:')) return url;
  const [, path = url.slice(url.lastIndexOf('/') + 1)] = /.*\/node_modules\/(.+)$/.exec(url) ?? [];
  const own = path.replace(/^cloud-sync\/dist\/(.+)\.js$/, 'src/$1.ts').replace(/^cloud-sync\//, '');
  return own === path ? (/^(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? path) : own;
}

function visible({ callees }: Frame, totalMicros: number): Frame[] {
  return [...callees.values()].filter(({ micros }) => (micros / totalMicros) * width >= minWidth);
}

function depthOf(frame: Frame, totalMicros: number): number {
  return 1 + Math.max(0, ...visible(frame, totalMicros).map((callee) => depthOf(callee, totalMicros)));
}

function drawn(
  frame: Frame,
  at: { readonly x: number; readonly level: number; readonly height: number; readonly totalMicros: number },
): string[] {
  const share = frame.micros / at.totalMicros;
  const [wide, y] = [share * width, at.height - (at.level + 1) * rowHeight];
  const about = `${frame.name} ${frame.place}`.trim();
  const letters = Math.floor((wide - 4) / letterWidth);
  const seen = about.length <= letters ? about : `${about.slice(0, letters - 1)}…`;
  const text = letters < 3 ? '' : `<text x="${(at.x + 2).toFixed(1)}" y="${y + 12}">${escaped(seen)}</text>`;
  const box = `<rect x="${at.x.toFixed(1)}" y="${y}" width="${Math.max(1, wide - 0.5).toFixed(1)}" height="${rowHeight - 1}" fill="${colours[kindOf(frame.place)]}"/>`;
  let x = at.x;
  const above = visible(frame, at.totalMicros)
    .toSorted((a, b) => b.micros - a.micros)
    .flatMap((callee) => {
      const lines = drawn(callee, { ...at, x, level: at.level + 1 });
      x += (callee.micros / at.totalMicros) * width;
      return lines;
    });
  return [`<g><title>${escaped(about)}: ${(100 * share).toFixed(1)} %</title>${box}${text}</g>`, ...above];
}

function kindOf(place: string): keyof typeof colours {
  if (place === '') return 'native';
  if (place.startsWith('node:')) return 'node:';
  return /^(src|bin)\//.test(place) ? 'src/' : 'packages';
}

function escaped(text: string): string {
  return text.replace(/[<>&"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/** Draws a CPU profile of V8 as a flame graph: an SVG without a script. */

export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
    readonly children?: readonly number[];
  }[];
  /** The id of the node on top of the stack at each sample. */
  readonly samples: readonly number[];
  /** Microseconds from the previous sample to the sample with the same index. */
  readonly timeDeltas: readonly number[];
}

/** A function and its chain of callers. All calls with the same chain are one frame. */
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
const minWidth = 1.5; // narrower frames would only make the file larger

const colours = { 'src/': '#f4a261', 'node:': '#a8d5a2', packages: '#9ec5e8', native: '#d5d0c8' };

/** Draws each function above its caller, as wide as its share of the working time. */
export function flameGraph(profile: CpuProfile, title: string): string {
  const root = mergeSamples(profile);
  const height = captionHeight + depthOf(root, root.micros) * rowHeight;
  const caption = `${title}: ${(root.micros / 1e6).toFixed(2)} s of work on the main thread`;
  const legend = Object.entries(colours).map(([kind, colour], index) => {
    const x = 4 + index * 90;
    return `<rect x="${x}" y="24" width="12" height="12" fill="${colour}"/><text x="${x + 16}" y="34">${kind}</text>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="monospace" font-size="11">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<text x="4" y="15" font-size="13">${escapeXml(caption)}</text>`,
    ...legend,
    ...drawFrames(root, { x: 0, level: 0, height, totalMicros: root.micros }),
    '</svg>\n',
  ].join('\n');
}

function mergeSamples({ nodes, samples, timeDeltas }: CpuProfile): Frame {
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

/** The origin of a function, such as `src/sync.ts`, `node:fs` or a package's name. */
export function placeOf(url: string): string {
  if (url === '' || url.startsWith('node:')) return url;
  const [, path = url.slice(url.lastIndexOf('/') + 1)] = /.*\/node_modules\/(.+)$/.exec(url) ?? [];
  const own = path.replace(/^cloud-sync\/dist\/(.+)\.js$/, 'src/$1.ts').replace(/^cloud-sync\//, '');
  return own === path ? (/^(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? path) : own;
}

function visibleCallees({ callees }: Frame, totalMicros: number): Frame[] {
  return [...callees.values()].filter(({ micros }) => (micros / totalMicros) * width >= minWidth);
}

function depthOf(frame: Frame, totalMicros: number): number {
  return 1 + Math.max(0, ...visibleCallees(frame, totalMicros).map((callee) => depthOf(callee, totalMicros)));
}

function drawFrames(
  frame: Frame,
  at: { readonly x: number; readonly level: number; readonly height: number; readonly totalMicros: number },
): string[] {
  const share = frame.micros / at.totalMicros;
  const [wide, y] = [share * width, at.height - (at.level + 1) * rowHeight];
  const label = `${frame.name} ${frame.place}`.trim();
  const letters = Math.floor((wide - 4) / letterWidth);
  const shortLabel = label.length <= letters ? label : `${label.slice(0, letters - 1)}…`;
  const text = letters < 3 ? '' : `<text x="${(at.x + 2).toFixed(1)}" y="${y + 12}">${escapeXml(shortLabel)}</text>`;
  const box = `<rect x="${at.x.toFixed(1)}" y="${y}" width="${Math.max(1, wide - 0.5).toFixed(1)}" height="${rowHeight - 1}" fill="${colours[kindOf(frame.place)]}"/>`;
  let x = at.x;
  const above = visibleCallees(frame, at.totalMicros)
    .toSorted((a, b) => b.micros - a.micros)
    .flatMap((callee) => {
      const lines = drawFrames(callee, { ...at, x, level: at.level + 1 });
      x += (callee.micros / at.totalMicros) * width;
      return lines;
    });
  return [`<g><title>${escapeXml(label)}: ${(100 * share).toFixed(1)} %</title>${box}${text}</g>`, ...above];
}

function kindOf(place: string): keyof typeof colours {
  if (place === '') return 'native';
  if (place.startsWith('node:')) return 'node:';
  return /^(src|bin)\//.test(place) ? 'src/' : 'packages';
}

function escapeXml(text: string): string {
  return text.replace(/[<>&"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

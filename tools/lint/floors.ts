import { dirname, join, relative } from 'node:path';

/** One floor of the program. `.oxlintrc.json` lists the floors from the ground up. */
export interface Floor {
  readonly floor: string;
  /** Paths of folders and files from the root of the checkout. */
  readonly rooms: readonly string[];
  /** Names of the floors that these rooms may import. A room may always import itself. */
  readonly imports: readonly string[];
  /** Prefixes of the package names that these rooms must not import. */
  readonly avoids?: readonly string[];
}

/** The parts of the linter's rule context that this rule uses. */
interface Context {
  readonly options: readonly unknown[];
  readonly filename: string;
  readonly cwd: string;
  report(finding: { readonly node: Node; readonly message: string }): void;
}

interface Node {
  readonly source?: { readonly value?: unknown } | null;
}

/**
 * Returns the floor and the room of a file, or undefined if no room holds the file. If several
 * rooms hold the file, the room with the longest path counts.
 */
export function placeOf(file: string, floors: readonly Floor[]): { readonly floor: Floor; readonly room: string } | undefined {
  const places = floors.flatMap((floor) => floor.rooms.map((room) => ({ floor, room })));
  const matching = places.filter(({ room }) => file === room || file.startsWith(`${room}/`));
  return matching.toSorted((a, b) => b.room.length - a.room.length)[0];
}

/** Returns why an import is wrong, or undefined. `file` is a path from the root of the checkout. */
export function judgeImport(file: string, specifier: string, floors: readonly Floor[]): string | undefined {
  const from = placeOf(file, floors);
  if (!from) return undefined;
  if (!specifier.startsWith('.')) {
    const avoided = from.floor.avoids?.find((start) => specifier.startsWith(start));
    return avoided && `${from.room} must not import ${avoided}…`;
  }
  const target = join(dirname(file), specifier);
  const to = placeOf(target, floors);
  if (!to) return `${target} is on no floor: ${from.room} cannot import it`;
  const isAllowed = to.room === from.room || from.floor.imports.includes(to.floor.floor);
  return isAllowed ? undefined : `${from.room} (floor ${from.floor.floor}) must not import ${to.room} (floor ${to.floor.floor})`;
}

const texts = { type: 'array', items: { type: 'string' } };
const floorSchema = {
  type: 'object',
  properties: { floor: { type: 'string' }, rooms: texts, imports: texts, avoids: texts },
  required: ['floor', 'rooms', 'imports'],
  additionalProperties: false,
};

const floorsRule = {
  meta: { schema: [{ type: 'array', items: floorSchema }] },
  create(context: Context) {
    const floors = context.options[0] as readonly Floor[];
    const file = relative(context.cwd, context.filename);
    const check = (node: Node) => {
      const specifier = node.source?.value;
      const message = typeof specifier === 'string' ? judgeImport(file, specifier, floors) : undefined;
      if (message !== undefined) context.report({ node, message });
    };
    return {
      Program: (node: Node) => {
        if (!placeOf(file, floors)) context.report({ node, message: `${file} is on no floor: add its folder to the table` });
      },
      ImportDeclaration: check,
      ImportExpression: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
    };
  },
};

// oxlint-disable-next-line import/no-default-export -- the linter loads a plugin's default export
export default { meta: { name: 'architecture' }, rules: { floors: floorsRule } };

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeTempDir } from '../../test/support/temp-dir.ts';
import { judgeImport, type Floor } from './floors.ts';

const root = join(import.meta.dirname, '../..');
const linter = join(root, 'node_modules/oxlint/bin/oxlint');

interface LintConfig {
  readonly overrides: readonly { readonly rules: Readonly<Record<string, unknown>> }[];
}

const config = JSON.parse(readFileSync(join(root, '.oxlintrc.json'), 'utf8')) as LintConfig;
const floors = config.overrides.map(({ rules }) => rules['architecture/floors']).find(Array.isArray)![1] as readonly Floor[];
const rooms = floors.flatMap((floor) => floor.rooms.map((room) => ({ floor, room })));

/** Returns the path of a file in the room, or the room itself if the room is a file. */
function fileIn(room: string): string {
  return room.endsWith('.ts') ? room : `${room}/example.ts`;
}

function specifier(from: string, to: string): string {
  const path = relative(dirname(from), to);
  return path.startsWith('.') ? path : `./${path}`;
}

/** A room that `floor` must not import. */
function forbiddenFor(floor: Floor, room: string): string {
  return rooms.find((other) => other.room !== room && !floor.imports.includes(other.floor.floor))!.room;
}

describe('the table of floors', () => {
  test('the table of floors lists each room once, and every room exists', () => {
    const names = rooms.map(({ room }) => room);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((room) => !existsSync(join(root, room)))).toEqual([]);
  });

  test('the table of floors allows only imports that go down', () => {
    const order = floors.map(({ floor }) => floor);
    for (const [index, { floor, imports }] of floors.entries()) {
      for (const name of imports) expect(order.slice(0, index + 1), `${floor} imports ${name}`).toContain(name);
    }
  });
});

describe('judgeImport', () => {
  test.each(rooms)('$room may import itself', ({ room }) => {
    expect(judgeImport(fileIn(room), specifier(fileIn(room), fileIn(room)), floors)).toBeUndefined();
  });

  test.each(rooms)('$room must not import the packages that its floor avoids', ({ floor, room }) => {
    for (const start of floor.avoids ?? [])
      expect(judgeImport(fileIn(room), `${start}x`, floors)).toContain(`must not import ${start}`);
    expect(judgeImport(fileIn(room), 'zod', floors)).toBeUndefined();
  });

  test('a folder outside the table cannot be imported', () => {
    expect(judgeImport('src/cli/main.ts', '../nowhere/file.ts', floors)).toContain('on no floor');
  });
});

test('the linter refuses a forbidden import on every floor, and a file outside the table', async () => {
  await using folder = await makeTempDir();
  const plugin = join(root, 'tools/lint/floors.ts');
  writeFileSync(join(folder.path, '.oxlintrc.json'), JSON.stringify({ ...config, jsPlugins: [plugin] }));
  const write = (file: string, text: string) => {
    mkdirSync(join(folder.path, dirname(file)), { recursive: true });
    writeFileSync(join(folder.path, file), text);
  };
  for (const { floor, room } of rooms) {
    const file = fileIn(room);
    write(file, `import { x } from '${specifier(file, fileIn(forbiddenFor(floor, room)))}';\nexport const y = x;\n`);
  }
  write('src/left-out/file.ts', 'export const y = 1;\n');
  const { stdout } = spawnSync(process.execPath, [linter, '--format=unix', '.'], { cwd: folder.path, encoding: 'utf8' });
  const refused = (file: string, reason: string) =>
    stdout.split('\n').some((line) => line.includes(`${file}:`) && line.includes(reason));
  for (const { floor, room } of rooms) {
    expect(refused(fileIn(room), `must not import ${forbiddenFor(floor, room)}`), room).toBe(true);
  }
  expect(refused('src/left-out/file.ts', 'on no floor')).toBe(true);
});

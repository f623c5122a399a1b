import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { makeTempDir } from '../../../test/support/temp-dir.ts';
import { createCommitGroup } from './commit-group.ts';
import { configure, openDatabase, waitForOthers } from './database.ts';

function namesIn(database: DatabaseSync): unknown[] {
  return database
    .prepare('SELECT name FROM steps ORDER BY name')
    .all()
    .map(({ name }) => name);
}

async function openPair() {
  const temp = await makeTempDir();
  const path = join(temp.path, 'group.db');
  const database = openDatabase(path);
  waitForOthers(database, path);
  configure(database, 'wal');
  database.exec('CREATE TABLE steps (name TEXT PRIMARY KEY)');
  const other = new DatabaseSync(path);
  const group = createCommitGroup(database);
  const insert = database.prepare('INSERT INTO steps (name) VALUES (?)');
  return {
    database,
    other,
    group,
    write: (name: string) => group.transaction(() => void insert.run(name)),
    insert: (name: string) => void insert.run(name),
    /** The rows that this process sees. */
    read: () => namesIn(database),
    /** The rows that another process would see. */
    committed: () => namesIn(other),
    [Symbol.asyncDispose]: async () => {
      if (database.isOpen) database.close();
      other.close();
      await temp[Symbol.asyncDispose]();
    },
  };
}

test('writes that are requested together share one commit, and are answered in order after the commit', async () => {
  await using pair = await openPair();
  const commits = vi.spyOn(pair.database, 'exec');
  const answered: string[] = [];
  const answers = ['a', 'b', 'c'].map(async (name) => {
    await pair.write(name);
    expect(pair.committed()).toEqual(['a', 'b', 'c']);
    answered.push(name);
  });
  expect(pair.committed()).toEqual([]);
  await Promise.all(answers);
  expect(answered).toEqual(['a', 'b', 'c']);
  expect(commits.mock.calls.filter(([sql]) => sql === 'COMMIT')).toHaveLength(1);
});

test('a step that fails takes back only its own writes', async () => {
  await using pair = await openPair();
  const { group, insert } = pair;
  const first = pair.write('a');
  const broken = ['halfway', 'again'].map((message) =>
    group.transaction(() => {
      insert('half');
      throw new Error(message);
    }),
  );
  const last = pair.write('b');
  expect(await Promise.allSettled(broken)).toMatchObject([{ reason: { message: 'halfway' } }, { reason: { message: 'again' } }]);
  expect(pair.committed()).toEqual(['a', 'b']);
  await Promise.all([first, last]);
  await pair.write('c');
  expect(pair.committed()).toEqual(['a', 'b', 'c']);
});

test('a failed commit rejects every write of its group and keeps none', async () => {
  await using pair = await openPair();
  const { database } = pair;
  const exec = database.exec.bind(database);
  vi.spyOn(database, 'exec').mockImplementation((sql) => {
    if (sql === 'COMMIT') throw new Error('disk full');
    exec(sql);
  });
  const results = await Promise.allSettled([pair.write('a'), pair.write('b')]);
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  vi.restoreAllMocks();
  await pair.write('c');
  expect(pair.committed()).toEqual(['c']);
});

test('when SQLite rolls the whole group back by itself, the other steps are repeated', async () => {
  await using pair = await openPair();
  const { database, group } = pair;
  const first = pair.write('a');
  const fatal = group.transaction(() => {
    database.exec('ROLLBACK');
    throw new Error('disk full');
  });
  const last = pair.write('b');
  const results = await Promise.allSettled([first, fatal, last]);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(pair.committed()).toEqual(['a', 'b']);
});

test('if the commit fails, a step that threw an error gets the error of the commit instead', async () => {
  await using pair = await openPair();
  const { database, group } = pair;
  const exec = database.exec.bind(database);
  vi.spyOn(database, 'exec').mockImplementation((sql) => {
    if (sql === 'COMMIT') throw new Error('disk full');
    exec(sql);
  });
  const results = await Promise.allSettled([
    pair.write('a'),
    group.transaction(() => {
      throw new Error('a is there already');
    }),
  ]);
  vi.restoreAllMocks();
  expect(results).toMatchObject([{ reason: { message: 'disk full' } }, { reason: { message: 'disk full' } }]);
});

test('while another process locks the file, all writes of a group share one wait', async () => {
  await using pair = await openPair();
  pair.database.exec('PRAGMA busy_timeout = 200');
  pair.other.exec('BEGIN IMMEDIATE');
  const startedMs = performance.now();
  const results = await Promise.allSettled(['a', 'b', 'c', 'd', 'e'].map(pair.write));
  expect(performance.now() - startedMs).toBeLessThan(800);
  expect(results.map(({ status }) => status)).toEqual(Array(5).fill('rejected'));
  pair.other.exec('COMMIT');
  await pair.write('f');
  expect(pair.committed()).toEqual(['f']);
});

test('while a group waits, a read sees only committed writes', async () => {
  await using pair = await openPair();
  const written = pair.write('a');
  expect(pair.read()).toEqual([]);
  await written;
  expect(pair.read()).toEqual(['a']);
});

test('several writers share their commits, and a single writer does not wait', async () => {
  await using pair = await openPair();
  const commits = vi.spyOn(pair.database, 'exec');
  const countCommits = () => commits.mock.calls.filter(([sql]) => sql === 'COMMIT').length;
  const writeOn = async (writer: string, writes: number) => {
    for (let write = 0; write < writes; write += 1) {
      await pair.write(`${writer}-${write}`);
      await nextTurn();
    }
  };
  await Promise.all(['a', 'b', 'c', 'd'].map((writer) => writeOn(writer, 10)));
  expect(countCommits()).toBeLessThan(20);
  await writeOn('e', 2);
  const timers = vi.spyOn(globalThis, 'setTimeout');
  await writeOn('f', 30);
  expect(timers).not.toHaveBeenCalled();
  expect(pair.committed()).toHaveLength(72);
});

test('a flush carries out the waiting writes, and a closed file refuses new ones', async () => {
  await using pair = await openPair();
  const answer = pair.write('a');
  pair.group.flush();
  expect(pair.committed()).toEqual(['a']);
  await answer;
  const late = pair.write('b');
  pair.database.close();
  await expect(late).rejects.toThrow('not open');
  await expect(pair.write('c')).rejects.toThrow('not open');
});

test('a write that a step requests is committed with a later group', async () => {
  await using pair = await openPair();
  let inner: Promise<void> | undefined;
  await pair.group.transaction(() => {
    inner = pair.write('inner');
    pair.insert('outer');
  });
  expect(pair.committed()).toEqual(['outer']);
  await inner;
  expect(pair.committed()).toEqual(['inner', 'outer']);
});

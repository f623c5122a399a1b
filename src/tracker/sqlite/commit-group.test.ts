import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { makeTempDir } from '../../../test/support/temp-dir.ts';
import { createCommitGroup } from './commit-group.ts';
import { configure, openDatabase } from './database.ts';

async function openPair() {
  const temp = await makeTempDir();
  const path = join(temp.path, 'group.db');
  const database = openDatabase(path);
  configure(database);
  database.exec('CREATE TABLE steps (name TEXT PRIMARY KEY)');
  const other = new DatabaseSync(path);
  const group = createCommitGroup(database);
  const insert = database.prepare('INSERT INTO steps (name) VALUES (?)');
  return {
    database,
    group,
    write: (name: string) => group.inGroup(() => group.transaction(() => void insert.run(name))),
    insert: (name: string) => void insert.run(name),
    /** What another process would see. */
    committed: () =>
      other
        .prepare('SELECT name FROM steps ORDER BY name')
        .all()
        .map(({ name }) => name),
    [Symbol.asyncDispose]: async () => {
      if (database.isOpen) database.close();
      other.close();
      await temp[Symbol.asyncDispose]();
    },
  };
}

test('what is asked in one turn shares one commit, and is answered after it', async () => {
  await using pair = await openPair();
  const commits = vi.spyOn(pair.database, 'exec');
  const answers = ['a', 'b', 'c'].map(async (name) => {
    await pair.write(name);
    expect(pair.committed()).toEqual(['a', 'b', 'c']);
  });
  expect(pair.committed()).toEqual([]);
  await Promise.all(answers);
  expect(commits.mock.calls.filter(([sql]) => sql === 'COMMIT')).toHaveLength(1);
});

test("a step that fails takes back its own writes and nobody else's", async () => {
  await using pair = await openPair();
  const { group, insert } = pair;
  const first = pair.write('a');
  const broken = group.inGroup(() =>
    group.transaction(() => {
      insert('half');
      throw new Error('halfway');
    }),
  );
  const last = pair.write('b');
  await expect(broken).rejects.toThrow('halfway');
  await Promise.all([first, last]);
  expect(pair.committed()).toEqual(['a', 'b']);
});

test('when the commit fails, everybody is told and nothing stays', async () => {
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

test('when SQLite rolls the group back by itself, earlier steps are not called done and later ones do not begin', async () => {
  await using pair = await openPair();
  const { database, group } = pair;
  const first = pair.write('a');
  const fatal = group.inGroup(() =>
    group.transaction(() => {
      database.exec('ROLLBACK');
      throw new Error('disk full');
    }),
  );
  const last = pair.write('b');
  const results = await Promise.allSettled([first, fatal, last]);
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  expect(pair.committed()).toEqual([]);
  await pair.write('c');
  expect(pair.committed()).toEqual(['c']);
});

test('outside of a group a transaction is committed at once', async () => {
  await using pair = await openPair();
  pair.group.transaction(() => pair.insert('a'));
  expect(pair.committed()).toEqual(['a']);
});

test('what waits is carried out by a flush', async () => {
  await using pair = await openPair();
  const answer = pair.write('a');
  pair.group.flush();
  expect(pair.committed()).toEqual(['a']);
  await answer;
});

import { expect, test } from 'vitest';
import { resourceNames } from './names.ts';
import { stages } from '../config/stages.ts';

test('prod has the plain names', () => {
  expect(resourceNames('prod')).toMatchObject({
    stateMachine: 'gopro-sync-orchestrator',
    table: 'gopro-sync-tracker',
    topic: 'gopro-sync-alerts',
    secret: 'gopro/credentials',
    functions: { 'video-downloader': 'gopro-sync-video-downloader' },
    logGroups: { 'video-downloader': '/aws/lambda/gopro-sync-video-downloader' },
  });
});

test('no two things of one account have the same name, and none is too long for its service', () => {
  const all = stages
    .map(resourceNames)
    .flatMap(({ stateMachine, table, topic, secret, functions }) => [
      stateMachine,
      table,
      topic,
      secret,
      ...Object.values(functions),
    ]);
  expect(new Set(all).size).toBe(all.length);
  // Lambda's limit, which is the lowest.
  expect(all.filter((name) => name.length > 64)).toEqual([]);
});

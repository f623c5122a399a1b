import { expect, test } from 'vitest';
import { resourceNames } from './names.ts';
import { stages } from '../config/stages.ts';

test('resources of the stage prod have names without a prefix', () => {
  expect(resourceNames('prod')).toMatchObject({
    stateMachine: 'gopro-sync-orchestrator',
    table: 'gopro-sync-tracker',
    topic: 'gopro-sync-alerts',
    secret: 'gopro/credentials',
    functions: { 'video-downloader': 'gopro-sync-video-downloader' },
    logGroups: { 'video-downloader': '/aws/lambda/gopro-sync-video-downloader' },
  });
});

test('no two resources of an account have the same name, and no name is too long', () => {
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
  // Lambda has the lowest limit for the length of a name.
  expect(all.filter((name) => name.length > 64)).toEqual([]);
});

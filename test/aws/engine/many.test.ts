import { expect, test } from 'vitest';
import { startEngine } from '../support/engine.ts';
import { openEngineScene } from '../support/engine-scene.ts';
import { childrenOf } from '../support/execution.ts';

test('2,000 media are archived in one execution whose history stays short', async () => {
  await using engine = await startEngine({ quickQueries: true });
  await using scene = await openEngineScene(engine, { preset: 'large', presetOptions: { count: 2_000, fileSizeBytes: 1_024 } });
  const execution = await scene.start();
  const run = await execution.ended({ withinMs: 800_000 });
  expect([run.status, run.states.at(-1)]).toEqual(['SUCCEEDED', 'SyncComplete']);
  expect(run.history.length).toBeLessThan(100);
  await scene.expectComplete();
  expect((await childrenOf(engine.aws, run.arn)).length).toBeLessThan(200);
  await engine.expectNoSecrets();
}, 900_000);

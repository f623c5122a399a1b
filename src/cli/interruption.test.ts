import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startCli, temporaryDirectory } from '../../test/support/cli-process.ts';
import { finished, setScene } from '../../test/support/cli-scene.ts';

const slowLibrary = { preset: 'big-file', presetOptions: { sizeBytes: 300_000_000 } } as const;

describe('what a command says when a signal ends it', () => {
  test('sync says once that it was interrupted and that its progress is kept', async () => {
    const { archive, environment, cloud } = await setScene(slowLibrary);
    const child = startCli(['sync', '--to', archive, '--bwlimit', '5M'], { environment });
    while (cloud.requests.every(({ bytesSent }) => bytesSent < 1_000_000)) await delay(20);
    child.kill('SIGINT');
    const { exitCode, stdout, stderr } = await child.result;
    expect(exitCode).toBe(130);
    expect(stderr).toBe('error: ended by SIGINT\n       All progress is kept. Run the same command again to continue.\n');
    expect(stdout).not.toMatch(/interrupt|progress is kept/i);
  });

  test('login says that the stored credentials are unchanged, and nothing about progress', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => silent.closeAllConnections());
    onTestFinished(() => void silent.close());
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const environment = { CLOUD_SYNC_HOME: temporaryDirectory(), CLOUD_SYNC_GOPRO_API_URL: `http://127.0.0.1:${port}` };
    const child = startCli(['login', 'gopro'], { environment, input: 'gp_access_token=abcdefghijklmnop; gp_user_id=u1' });
    await once(silent, 'request');
    child.kill('SIGINT');
    expect(await child.result).toMatchObject({
      exitCode: 130,
      stdout: '',
      stderr: 'error: ended by SIGINT\n       The stored credentials are unchanged.\n',
    });
  });

  test('a run that cannot end in time reports what it archived until its forced end', async () => {
    const { archive, environment } = await setScene({ preset: 'large', presetOptions: { count: 6, fileSizeBytes: 400_000 } });
    const stuck = { ...environment, NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(stuckDisk)}` };
    const child = startCli(['sync', '--to', archive, '--json', '--concurrency', '1'], { environment: stuck });
    let archived = 0;
    await new Promise<void>((resolve) =>
      child.stdout!.on('data', (chunk: Buffer) => {
        archived += chunk.toString().split('"file.archived"').length - 1;
        if (archived === 3) resolve();
      }),
    );
    await delay(300);
    child.kill('SIGTERM');
    const result = await child.result;
    expect(result.exitCode).toBe(143);
    expect(finished(result)).toMatchObject({ outcome: 'interrupted', files: { archived: 3 }, bytes: { archived: 1_200_000 } });
    expect(result.stderr.match(/ended by SIGTERM/g)).toHaveLength(1);
  });
});

/** After 1.3 MB no write to an open file ever ends, as on a network disk whose server is gone. */
const stuckDisk = `
import fs from 'node:fs';
const probe = await fs.promises.open('/dev/null');
const handles = Object.getPrototypeOf(probe);
await probe.close();
let leftBytes = 1_300_000;
for (const method of ['write', 'writev', 'writeFile']) {
  const original = handles[method];
  handles[method] = function (data, ...rest) {
    for (const chunk of [data].flat()) leftBytes -= chunk.length ?? 0;
    return leftBytes < 0 ? new Promise(() => setInterval(() => {}, 60_000)) : original.call(this, data, ...rest);
  };
}`;

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { openXray } from './xray.ts';

const header = (sampled: string) => `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=${sampled}`;

async function startDaemon() {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const datagrams: string[] = [];
  socket.on('message', (message) => datagrams.push(message.toString()));
  const received = async (count: number) => {
    while (datagrams.length < count) await once(socket, 'message');
    return datagrams.map((text) => text.split('\n').map((line) => JSON.parse(line) as Record<string, unknown>));
  };
  const address = `127.0.0.1:${socket.address().port}`;
  return { address, datagrams, received, [Symbol.asyncDispose]: async () => void socket.close() };
}

test('a span is a subsegment of the trace that Lambda began', async () => {
  await using daemon = await startDaemon();
  const { span, close } = openXray({ AWS_XRAY_DAEMON_ADDRESS: daemon.address, _X_AMZN_TRACE_ID: header('1') });
  expect(await span('s3_upload_part', { part: 3, bytes: 16 }, async () => 'done')).toBe('done');
  await close();
  const [[head, document] = []] = await daemon.received(1);
  expect(head).toEqual({ format: 'json', version: 1 });
  expect(document).toEqual({
    name: 's3_upload_part',
    type: 'subsegment',
    id: expect.stringMatching(/^[0-9a-f]{16}$/),
    trace_id: '1-5759e988-bd862e3fe1be46a994272793',
    parent_id: '53995c3f42cd8ad8',
    start_time: expect.closeTo(Date.now() / 1000, -1),
    end_time: expect.closeTo(Date.now() / 1000, -1),
    annotations: { part: 3, bytes: 16 },
  });
});

test('work that throws marks its span as failed, and its error reaches the caller', async () => {
  await using daemon = await startDaemon();
  const { span, close } = openXray({ AWS_XRAY_DAEMON_ADDRESS: daemon.address, _X_AMZN_TRACE_ID: header('1') });
  await expect(span('gopro_api_call', {}, () => Promise.reject(new Error('refused')))).rejects.toThrow('refused');
  await close();
  const [[, document] = []] = await daemon.received(1);
  expect(document).toMatchObject({ name: 'gopro_api_call', error: true });
});

test('annotations contain no signed address', async () => {
  await using daemon = await startDaemon();
  const { span, close } = openXray({ AWS_XRAY_DAEMON_ADDRESS: daemon.address, _X_AMZN_TRACE_ID: header('1') });
  await span('cloudfront_download', { url: 'https://cdn.example/a.mp4?Signature=abcdef&Key-Pair-Id=K1' }, async () => {});
  await close();
  await daemon.received(1);
  expect(daemon.datagrams.join()).not.toMatch(/abcdef|K1/);
});

test.each([
  ['whose trace is not sampled', { _X_AMZN_TRACE_ID: header('0') }],
  ['that has no trace', {}],
])('an invocation %s sends no span', async (_name, variables) => {
  await using daemon = await startDaemon();
  const quiet = openXray({ AWS_XRAY_DAEMON_ADDRESS: daemon.address, ...variables });
  expect(await quiet.span('s3_upload_part', {}, async () => 1)).toBe(1);
  await quiet.close();
  const loud = openXray({ AWS_XRAY_DAEMON_ADDRESS: daemon.address, _X_AMZN_TRACE_ID: header('1') });
  await loud.span('gopro_api_call', {}, async () => 2);
  await loud.close();
  const documents = await daemon.received(1);
  expect(documents.map(([, document]) => document?.['name'])).toEqual(['gopro_api_call']);
});

test('closing waits until all spans are sent, because Lambda may freeze the process afterwards', async () => {
  await using daemon = await startDaemon();
  const { span, close } = openXray({
    AWS_XRAY_DAEMON_ADDRESS: `tcp:192.0.2.1:1 udp:${daemon.address.replace('127.0.0.1', 'localhost')}`,
    _X_AMZN_TRACE_ID: header('1'),
  });
  await Promise.all(Array.from({ length: 20 }, (_, part) => span('s3_upload_part', { part }, async () => {})));
  await close();
  expect(await daemon.received(20)).toHaveLength(20);
});

test.each([
  ['without a daemon', undefined],
  ['with an invalid address', 'nowhere'],
  ['with a daemon that does not listen', '127.0.0.1:9'],
])('the work in a span is done even %s', async (_name, AWS_XRAY_DAEMON_ADDRESS) => {
  const { span, close } = openXray({ AWS_XRAY_DAEMON_ADDRESS, _X_AMZN_TRACE_ID: header('1') });
  expect(await span('s3_upload_part', {}, async () => 3)).toBe(3);
  await close();
});

import { expect, test } from 'vitest';
import { rememberSecret } from '../../lib/redact.ts';
import { metricTable, type MetricName } from './metrics.ts';
import { createTelemetry } from './telemetry.ts';
import { useLines } from '../../../test/aws/support/log-lines.ts';

const execution = { arn: 'arn:aws:states:eu-west-1:1:execution:m:night-1', name: 'night-1', started_at: '2026-11-21T04:15:00Z' };
const lines = useLines();

function telemetry() {
  return createTelemetry({ functionName: 'video-downloader', execution, stage: 'dev', provider: 'gopro' });
}

test('every log line has the correlation id, the name of the function and the given fields', () => {
  telemetry().log.info('hello', { count: 3 });
  expect(lines).toEqual([
    expect.objectContaining({
      level: 'INFO',
      message: 'hello',
      service: 'video-downloader',
      correlation_id: 'night-1',
      environment: 'dev',
      count: 3,
    }),
  ]);
});

test('no field of a log line contains a secret or a signed address', () => {
  rememberSecret('a-secret-of-this-test');
  const { log, report } = telemetry();
  log.error('a-secret-of-this-test', { deep: [{ text: 'https://cdn.example/x?Policy=abc&Signature=def' }], access_token: 'xyz' });
  report({ type: 'warning', message: 'cookie gp_access_token=a-secret-of-this-test' });
  expect(JSON.stringify(lines)).not.toMatch(/a-secret-of-this-test|abc|def|xyz/);
  expect(lines).toHaveLength(2);
});

test('each event is logged at its level, and progress events are not logged', () => {
  const { report } = telemetry();
  report({ type: 'plan.finished', media: 3, waiting: 0, leftOut: 0, sizeHintBytes: 9 });
  report({ type: 'warning', message: 'careful' });
  report({ type: 'medium.failed', mediaId: 'm', name: 'n', status: 'FAILED', code: 'STALLED', reason: 'silence' });
  report({ type: 'medium.planned', mediaId: 'm', name: 'n', items: 1, sizeHintBytes: 1, waiting: false });
  expect(lines.map(({ level, message }) => [level, message])).toEqual([
    ['INFO', 'plan.finished'],
    ['WARN', 'warning'],
    ['ERROR', 'medium.failed'],
  ]);
});

test('metrics are written as one line in the embedded format with exactly two dimensions', () => {
  const { metrics, flush } = telemetry();
  const names = Object.keys(metricTable) as MetricName[];
  names.forEach((name, index) => metrics.add(name, index + 1));
  metrics.add('TimeToFirstByte', 0.5);
  flush();
  expect(lines).toHaveLength(1);
  const [line] = lines as [Record<string, unknown> & { _aws: Record<string, unknown> }];
  expect(line._aws).toEqual({
    Timestamp: expect.any(Number),
    CloudWatchMetrics: [
      {
        Namespace: 'GoProSync',
        Dimensions: [['Provider', 'Environment']],
        Metrics: expect.arrayContaining(names.map((Name) => ({ Name, Unit: metricTable[Name].unit }))),
      },
    ],
  });
  expect(line).toMatchObject({ Provider: 'gopro', Environment: 'dev', correlation_id: 'night-1', VideosDiscovered: 1 });
  expect(line['TimeToFirstByte']).toEqual([names.indexOf('TimeToFirstByte') + 1, 0.5]);
});

test('a full line of metrics is written before the flush and has the correlation id', () => {
  const { metrics, flush } = telemetry();
  for (let value = 1; value <= 101; value += 1) metrics.add('TimeToFirstByte', value);
  flush();
  expect(lines.map((line) => line['correlation_id'])).toEqual(['night-1', 'night-1']);
  expect(lines.flatMap((line) => line['TimeToFirstByte'])).toHaveLength(101);
});

test('a flush without metrics writes no line', () => {
  telemetry().flush();
  expect(lines).toEqual([]);
});

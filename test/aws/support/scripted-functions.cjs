// The code of every function. The names of the execution and of the medium decide its replies.
const { existsSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

const noError = { Error: '', Cause: '' };
const failure = { Error: 'SCRIPTED', Cause: 'as the test wanted it' };

exports.handler = async (event, { functionName }) => {
  const plays = { 'token-validator': validate, 'media-lister': list, 'video-downloader': transfer, 'run-manager': manage };
  return plays[functionName](event, event.execution.name);
};

function validate(event, name) {
  if (name.startsWith('throws')) throw new TypeError('nobody expected this');
  if (name.startsWith('hangs')) return new Promise(() => setInterval(() => undefined, 1000));
  const outcome = name.startsWith('expired') ? 'credentials-expired' : 'valid';
  const error = outcome === 'valid' ? noError : failure;
  return {
    outcome,
    statusCode: 200,
    valid: outcome === 'valid',
    cookie_age_days: null,
    validation_method: 'api_probe',
    duration_seconds: 0,
    error,
  };
}

function list({ slices }, name) {
  const counts = { total_found: 5, new_count: name.startsWith('nothing') ? 0 : 5, already_synced: 0, error: noError };
  if (slices < 2) return { ...counts, outcome: 'go-on', slices: slices + 1, work_lines: 0, manifest_key: '' };
  return {
    ...counts,
    outcome: 'done',
    slices: slices + 1,
    work_lines: counts.new_count,
    manifest_key: `runs/${name}/manifest.jsonl`,
  };
}

function transfer({ line, slice, execution }) {
  const [medium] = line.media;
  const count = slice.count + 1;
  const reply = { count, idle: 0, archived_files: 1, archived_bytes: 1, error: noError };
  const isFirst = once(`${execution.name}-${medium}`);
  if (medium === 'throws') throw new TypeError('nobody expected this');
  if (medium === 'hangs' && isFirst) return new Promise(() => setInterval(() => undefined, 1000));
  if (medium === 'slices') return { ...reply, outcome: count < 3 ? 'go-on' : 'done' };
  if (medium === 'failed' || medium === 'quarantined') return { ...reply, outcome: medium, error: failure };
  return { ...reply, outcome: 'done' };
}

function manage({ action, line, error, input }, name) {
  if (action === 'begin') {
    const outcome = name.startsWith('overlap') ? 'overlap' : 'granted';
    const deadline = new Date(Date.now() + 3_600_000).toISOString();
    return {
      outcome,
      provider: input.provider ?? 'gopro',
      trigger: 'manual',
      full_listing: false,
      deadline,
      holder: 'another',
      error: noError,
    };
  }
  if (action === 'mark-failed') {
    const quarantined = line.media.includes('quarantined') ? 1 : 0;
    return { outcome: quarantined > 0 ? 'quarantined' : 'failed', media: line.media, quarantined, error };
  }
  if (action === 'end') return { notify: true, error: { Error: 'The run failed', Cause: `${error.Error}: ${error.Cause}` } };
  const outcome = name.startsWith('partial') ? 'partial' : 'clean';
  return { outcome, subject: 'Partial', message: 'Some are missing', archived_files: 5, failed_files: 0, error: noError };
}

/** True the first time that any process asks for `name`. */
function once(name) {
  const mark = join(tmpdir(), `scripted-${name}`);
  if (existsSync(mark)) return false;
  writeFileSync(mark, '');
  return true;
}

/** Asks a person at the terminal. Secrets are not shown. */
import { createInterface, type Interface } from 'node:readline';
import { Writable } from 'node:stream';

export interface PromptStreams {
  readonly stdin: NodeJS.ReadStream;
  readonly stderr: NodeJS.WritableStream;
  /** Ctrl-C sends SIGINT to the process, which aborts this signal. */
  readonly signal: AbortSignal;
}

/**
 * Asks for a passphrase. Returns undefined if there is no terminal or the answer is empty. With
 * `create` it asks for two answers until they are equal.
 */
export async function promptPassphrase(purpose: 'open' | 'create', streams: PromptStreams): Promise<string | undefined> {
  if (!streams.stdin.isTTY) return undefined;
  if (purpose === 'open') return ask('Passphrase of the credentials file: ', streams);
  for (;;) {
    const first = await ask('New passphrase to encrypt the credentials (empty: store them unencrypted): ', streams);
    if (first === undefined || first === (await ask('Once more: ', streams))) return first;
    streams.stderr.write('The two passphrases differ.\n');
  }
}

/** Asks a question that is answered with yes or no. The default is no. The answer is shown. */
export async function promptYes(question: string, { stdin, stderr, signal }: PromptStreams): Promise<boolean> {
  using lines = createInterface({ input: stdin, output: stderr, terminal: true, signal }) as Interface & Disposable;
  lines.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  const answer = await new Promise<string>((resolve) => {
    lines.question(`${question} [y/N] `, resolve);
    lines.once('close', () => resolve(''));
  });
  signal.throwIfAborted();
  return /^\s*(?:y|yes)\s*$/i.test(answer);
}

/** Reads pasted text up to an empty line or Ctrl-D. */
export async function readPasted({ stdin, stderr, signal }: PromptStreams): Promise<string> {
  stderr.write('Paste the text that you copied in the browser (it is not shown) and press Enter twice:\n');
  using lines = hiddenLines(stdin, signal);
  const pasted: string[] = [];
  for await (const line of lines) {
    if (line.trim() === '' && pasted.length > 0) break;
    pasted.push(line);
  }
  signal.throwIfAborted();
  return pasted.join('\n');
}

async function ask(question: string, { stdin, stderr, signal }: PromptStreams): Promise<string | undefined> {
  stderr.write(question);
  using lines = hiddenLines(stdin, signal);
  const answer = await new Promise<string>((resolve) => {
    lines.once('line', resolve);
    lines.once('close', () => resolve(''));
  });
  stderr.write('\n');
  signal.throwIfAborted();
  return answer || undefined;
}

/**
 * Reads lines without showing them. It uses raw mode, because the normal mode of a terminal would
 * show the text and cut lines at 4,096 bytes.
 */
function hiddenLines(stdin: NodeJS.ReadStream, signal: AbortSignal): Interface & Disposable {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: stdin, output: nowhere, terminal: true, signal });
  lines.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  return lines;
}

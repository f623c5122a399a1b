/** The code of the thread that computes digests. */
import { parentPort } from 'node:worker_threads';
import { createMD5 } from 'hash-wasm';
import { beginNativeMd5, portableMd5s } from './md5.ts';
import type { Answer, Message } from './messages.ts';
import { PartDigests } from './pieces.ts';

const running = new Map<number, PartDigests>();
const beginPortableMd5 = portableMd5s(await createMD5());

parentPort?.on('message', (message: Message) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a rule for windows of a browser
  parentPort?.postMessage(answer(message));
});

function answer(message: Message): Answer {
  const { id } = message;
  const digests = running.get(id);
  if (message.do === 'begin') {
    running.set(id, new PartDigests(message.wanted, message.savesState ? beginPortableMd5 : beginNativeMd5));
  } else if (message.do === 'update') {
    for (const chunk of message.chunks) digests?.update(chunk);
  } else {
    running.delete(id);
    if (message.do === 'end') return digests!.end(message.isLastOfFile);
  }
  return '';
}

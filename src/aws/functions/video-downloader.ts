import { messages, replyOf } from '../contract.ts';
import { handle } from '../platform/handle.ts';
import { transferLine } from './video-downloader/transfer-line.ts';

/** The Lambda handler. It does one slice of one work line. */
export const handler = handle({
  name: 'video-downloader',
  request: messages.DownloadVideo.request,
  run: transferLine,
  failed: (error, { slice }) => replyOf(messages.DownloadVideo, { ...slice, outcome: 'failed', error }),
});

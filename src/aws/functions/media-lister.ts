import { messages, replyOf } from '../contract.ts';
import { handle } from '../platform/handle.ts';
import { listMedia } from './media-lister/list-media.ts';

/** The Lambda handler. It does one slice of a run's listing. */
export const handler = handle({
  name: 'media-lister',
  request: messages.ListMedia.request,
  run: listMedia,
  failed: (error, { slices }) => replyOf(messages.ListMedia, { outcome: 'failed', slices, error }),
});

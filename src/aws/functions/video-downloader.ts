import { z } from 'zod';
import type { TransferReply } from '../contract.ts';
import { failureOfError } from '../failure.ts';
import { executionSchema, handle } from '../platform/handle.ts';
import { transferLine } from './video-downloader/transfer-line.ts';

/** Lambda: one slice of one work line. */
export const handler = handle({
  name: 'video-downloader',
  request: z.object({
    provider: z.literal('gopro'),
    deadline: z.string(),
    line: z.object({ line: z.int(), media: z.array(z.string()).min(1) }),
    slice: z.object({ count: z.int().nonnegative(), idle: z.int().nonnegative() }),
    owner: z.string(),
    execution: executionSchema,
  }),
  run: transferLine,
  failed: (error, { slice }): TransferReply => ({
    ...slice,
    outcome: 'failed',
    archived_files: 0,
    archived_bytes: 0,
    error: failureOfError(error),
  }),
});
